using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Convolution as a product whose left operand is gathered block by block (implicit GEMM): any kernel, stride,
/// padding, dilation and groups, both directions.</summary>
internal static unsafe class GatherConv
{
    /// <summary>Bytes of the packed weight.</summary>
    public static long PackedBytes(in Conv2dGeometry geometry, ConvDirection direction)
    {
        var g = MergedGroups.Merge(geometry, MergedGroups.Factor(geometry));
        long floats = 0;
        foreach (var part in ConvPart.Of(g, direction)) floats += part.PackedFloats;
        return floats * g.Groups * sizeof(float);
    }

    /// <summary>Packs the weight.</summary>
    public static void Pack(
        CpuDevice device, float* weight, in Conv2dGeometry geometry, ConvDirection direction, float* packed)
    {
        var factor = MergedGroups.Factor(geometry);
        if (factor == 1)
        {
            PackGroups(device, weight, geometry, direction, packed);
            return;
        }
        using var merged = new Scratch(device, MergedGroups.Floats(geometry, factor) * sizeof(float));
        MergedGroups.Spread(weight, geometry, factor, merged.F32);
        PackGroups(device, merged.F32, MergedGroups.Merge(geometry, factor), direction, packed);
    }

    private static void PackGroups(
        CpuDevice device, float* weight, in Conv2dGeometry g, ConvDirection direction, float* packed)
    {
        nint plane = g.Taps, filter = plane * g.GroupChannels, group = filter * g.GroupFilters;
        var (channel, column) = direction == ConvDirection.Forward ? (plane, filter) : (filter, plane);
        foreach (var part in ConvPart.Of(g, direction))
            for (var i = 0; i < g.Groups; i++, packed += part.PackedFloats)
                TapWeights.Pack(device, weight + i * group, g.Taps, part.Taps, part.Channels, channel, part.Columns,
                    column, packed);
    }

    /// <summary>Convolves with a packed weight.</summary>
    public static void Run(CpuDevice device, in Conv2dArgs args, ConvDirection direction, float* packed)
    {
        var g = MergedGroups.Merge(args.Geometry, MergedGroups.Factor(args.Geometry));
        var forward = direction == ConvDirection.Forward;
        Pair input = forward ? (g.Height, g.Width) : (g.OutHeight, g.OutWidth);
        Pair output = forward ? (g.OutHeight, g.OutWidth) : (g.Height, g.Width);
        var (inputStride, outputStride) = forward ? (g.Channels, g.Filters) : (g.Filters, g.Channels);
        var residual = args.Residual.F32;
        foreach (var part in ConvPart.Of(g, direction))
        {
            for (var group = 0; group < g.Groups; group++, packed += part.PackedFloats)
            {
                var column = group * part.Columns;
                var left = new TapRows(args.Input.F32 + group * part.Channels, input, inputStride, part.Channels,
                    part.Grid, part.Taps);
                var target = new TargetGrid(args.Output.F32 + column, residual is null ? null : residual + column,
                    output, outputStride, part.Grid, part.Step, part.Phase);
                var finish = new RowFinish(args.Bias.Exists ? args.Bias.F32 + column : null);
                Gemm.Run(device, left, (long)g.Batch * part.Grid.H * part.Grid.W, packed,
                    part.Taps.Taps.Length * part.Channels, part.Columns, target, finish);
            }
        }
    }
}
