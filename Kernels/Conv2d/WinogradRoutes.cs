using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Both directions of a 3 x 3 convolution with stride 1 in a Winograd algorithm: the input's gradient is a
/// convolution of the output's gradient with filters rotated by half a turn, channels and filters exchanged, and the
/// padding that restores the size.</summary>
internal static unsafe class WinogradRoutes<T> where T : struct, IWinograd
{
    public static long PackedBytes(in Conv2dGeometry g, ConvDirection direction)
    {
        var (channels, filters) = Sides(g, direction);
        return sizeof(float) * WinogradWeights<T>.Floats(channels, Panels.Count(filters));
    }

    public static void Pack(CpuDevice device, float* weight, in Conv2dGeometry g, ConvDirection direction,
        float* packed) => Weights(weight, g, direction).Pack(device, packed);

    /// <summary>Convolves; transforms the weight on the way when <paramref name="packed"/> is null.</summary>
    public static void Run(CpuDevice device, in Conv2dArgs args, ConvDirection direction, float* packed)
    {
        var g = args.Geometry;
        var forward = direction == ConvDirection.Forward;
        Pair image = (g.Height, g.Width), result = (g.OutHeight, g.OutWidth);
        var tiles = forward
            ? new WinogradTiles(T.Outputs, T.Inputs, g.Batch, image, result, g.Padding)
            : new WinogradTiles(T.Outputs, T.Inputs, g.Batch, result, image, (2 - g.Padding.H, 2 - g.Padding.W));
        var (channels, filters) = Sides(g, direction);
        new WinogradConv<T>(tiles, args.Input.F32, channels, Weights(args.Weight.F32, g, direction), filters,
            args.Bias.F32, args.Residual.F32, args.Output.F32).Run(device, packed);
    }

    public static void WeightGradient(CpuDevice device, in Conv2dWeightGradientArgs args)
    {
        var g = args.Geometry;
        Pair image = (g.Height, g.Width), result = (g.OutHeight, g.OutWidth);
        var tiles = new WinogradTiles(T.Outputs, T.Inputs, g.Batch, image, result, g.Padding);
        new WinogradGradient<T>(tiles, args.X.F32, g.Channels, args.DY.F32, g.Filters).Run(device, args.DWeight.F32);
    }

    private static (int Channels, int Filters) Sides(in Conv2dGeometry g, ConvDirection direction) =>
        direction == ConvDirection.Forward ? (g.Channels, g.Filters) : (g.Filters, g.Channels);

    private static WinogradWeights<T> Weights(float* weight, in Conv2dGeometry g, ConvDirection direction)
    {
        nint plane = g.Taps, filter = plane * g.Channels;
        return direction == ConvDirection.Forward
            ? new(new FilterLanes(weight, g.Taps, plane, filter), false, g.Channels, g.Filters)
            : new(new FilterLanes(weight, g.Taps, filter, plane), true, g.Filters, g.Channels);
    }
}
