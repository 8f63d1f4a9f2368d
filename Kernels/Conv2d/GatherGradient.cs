using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>A weight's gradient as a product over pixels: dW[f, (tap, c)] = sum over pixels of dy[pixel, f] times the
/// gathered row [pixel, (tap, c)].</summary>
internal static unsafe class GatherGradient
{
    /// <summary>Overwrites the gradient [filters, channels / groups, kH, kW].</summary>
    public static void Run(CpuDevice device, in Conv2dWeightGradientArgs args)
    {
        var g = args.Geometry;
        var (channels, plane) = (g.GroupChannels, g.Taps);
        var taps = TapSet.Forward(g);
        for (var group = 0; group < g.Groups; group++)
        {
            var images = new TapRows(args.X.F32 + group * channels, (g.Height, g.Width), g.Channels, channels,
                (g.OutHeight, g.OutWidth), taps);
            var filters = (nint)group * g.GroupFilters;
            var gradient = args.DWeight.F32 + filters * channels * plane;
            LongProduct.Run(device, args.DY.F32 + filters, g.Filters, g.GroupFilters, images, plane * channels,
                (long)g.Batch * g.OutHeight * g.OutWidth, (f, column, count, sums) =>
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
