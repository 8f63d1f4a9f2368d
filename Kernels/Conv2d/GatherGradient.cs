using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>A weight's gradient as a product over pixels: dW[f, (tap, c)] = sum over pixels of dy[pixel, f] times the
/// gathered row [pixel, (tap, c)].</summary>
internal static unsafe class GatherGradient
{
    /// <summary>Overwrites the gradient [filters, channels / groups, kH, kW].</summary>
    public static void Run(CpuDevice device, in Conv2dWeightGradientArgs args)
    {
        var factor = MergedGroups.Factor(args.Geometry);
        if (factor == 1)
        {
            RunGroups(device, args, args.Geometry, args.DWeight.F32);
            return;
        }
        using var merged = new Scratch(device, MergedGroups.Floats(args.Geometry, factor) * sizeof(float));
        RunGroups(device, args, MergedGroups.Merge(args.Geometry, factor), merged.F32);
        MergedGroups.Gather(merged.F32, args.Geometry, factor, args.DWeight.F32);
    }

    private static void RunGroups(
        CpuDevice device, in Conv2dWeightGradientArgs args, in Conv2dGeometry g, float* gradients)
    {
        var (channels, plane) = (g.GroupChannels, g.Taps);
        var taps = TapSet.Forward(g);
        var pixels = (long)g.Batch * g.OutHeight * g.OutWidth;
        for (var group = 0; group < g.Groups; group++)
        {
            var images = new TapRows(args.X.F32 + group * channels, (g.Height, g.Width), g.Channels, channels,
                (g.OutHeight, g.OutWidth), taps);
            var filters = (nint)group * g.GroupFilters;
            var gradient = gradients + filters * channels * plane;
            LongProduct.Run(device, args.DY.F32 + filters, g.Filters, g.GroupFilters, images, plane * channels,
                pixels, (f, column, count, sums) =>
                    Scatter(sums, column, count, channels, plane, gradient + (nint)f * plane * channels));
        }
    }

    // From [tap][channel] to [channel][tap].
    private static void Scatter(float* sums, int column, int count, int channels, int plane, float* filter)
    {
        var (tap, c) = (column / channels, column % channels);
        for (var end = sums + count; sums < end; tap++, c = 0)
            for (; c < channels && sums < end; c++) filter[(nint)c * plane + tap] = *sums++;
    }
}
