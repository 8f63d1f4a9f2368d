using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Convolution as a product whose left operand is gathered block by block (implicit GEMM): any kernel, stride,
/// padding, dilation and groups, both directions.</summary>
internal static unsafe class GatherConv
{
    /// <summary>Bytes of the packed weight.</summary>
    public static long PackedBytes(in Conv2dGeometry g, ConvDirection direction)
    {
        long floats = 0;
        foreach (var part in ConvPart.Of(g, direction)) floats += part.PackedFloats;
        return floats * g.Groups * sizeof(float);
    }

    /// <summary>Packs the weight.</summary>
    public static void Pack(CpuDevice device, float* weight, in Conv2dGeometry g, ConvDirection direction, float* packed)
    {
        var (channelStride, columnStride) = Strides(g, direction);
        foreach (var part in ConvPart.Of(g, direction))
        {
            for (var group = 0; group < g.Groups; group++, packed += part.PackedFloats)
                TapWeights.Pack(device, weight + (nint)group * g.GroupFilters * g.GroupChannels * g.Taps, g.Taps, part.Taps,
                    part.Channels, channelStride, part.Columns, columnStride, packed);
        }
    }

    /// <summary>Convolves with a packed weight.</summary>
    public static void Run(CpuDevice device, in Conv2dArgs args, ConvDirection direction, float* packed)
    {
        var g = args.Geometry;
        var forward = direction == ConvDirection.Forward;
        Pair input = forward ? (g.Height, g.Width) : (g.OutHeight, g.OutWidth);
        Pair output = forward ? (g.OutHeight, g.OutWidth) : (g.Height, g.Width);
        var (inputStride, outputStride) = forward ? (g.Channels, g.Filters) : (g.Filters, g.Channels);
        foreach (var part in ConvPart.Of(g, direction))
        {
            for (var group = 0; group < g.Groups; group++, packed += part.PackedFloats)
            {
                var column = group * part.Columns;
                var left = new TapRows(args.Input.F32 + group * part.Channels, input, inputStride, part.Channels, part.Grid,
                    part.Taps);
                var target = new TargetGrid(args.Output.F32 + column, args.Residual.Exists ? args.Residual.F32 + column : null,
                    output, outputStride, part.Grid, part.Step, part.Phase);
                var finish = new RowFinish(args.Bias.Exists ? args.Bias.F32 + column : null);
                Gemm.Run(device, left, (long)g.Batch * part.Grid.H * part.Grid.W, packed,
                    part.Taps.Taps.Length * part.Channels, part.Columns, target, finish);
            }
        }
    }

    private static (nint Channel, nint Column) Strides(in Conv2dGeometry g, ConvDirection direction)
    {
        nint plane = g.Taps, filter = plane * g.GroupChannels;
        return direction == ConvDirection.Forward ? (plane, filter) : (filter, plane);
    }
}
