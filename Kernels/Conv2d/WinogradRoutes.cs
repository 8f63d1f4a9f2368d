using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Both directions of a 3 x 3 convolution with stride 1 in a Winograd algorithm: the input's gradient is a
/// convolution of the output's gradient with filters rotated by half a turn, channels and filters exchanged, and the
/// padding that restores the size.</summary>
internal static unsafe class WinogradRoutes<T> where T : struct, IWinograd
{
    public static long PackedBytes(in Conv2dGeometry g, ConvDirection direction) => sizeof(float)
        * (direction == ConvDirection.Forward
            ? WinogradWeights<T>.Floats(g.Channels, g.Filters)
            : WinogradWeights<T>.Floats(g.Filters, g.Channels));

    public static void Pack(CpuDevice device, float* weight, in Conv2dGeometry g, ConvDirection direction, float* packed)
    {
        nint plane = g.Taps, filter = plane * g.Channels;
        if (direction == ConvDirection.Forward)
            WinogradWeights<T>.Pack(device, new FilterLanes(weight, g.Taps, plane, filter), false, g.Channels, g.Filters, packed);
        else
            WinogradWeights<T>.Pack(device, new FilterLanes(weight, g.Taps, filter, plane), true, g.Filters, g.Channels, packed);
    }

    public static void Run(CpuDevice device, in Conv2dArgs args, ConvDirection direction, float* packed)
    {
        var g = args.Geometry;
        var forward = direction == ConvDirection.Forward;
        Pair image = (g.Height, g.Width), result = (g.OutHeight, g.OutWidth);
        Pair padding = forward ? g.Padding : (2 - g.Padding.H, 2 - g.Padding.W);
        var tiles = new WinogradTiles(T.Outputs, T.Inputs, g.Batch, forward ? image : result, forward ? result : image, padding);
        new WinogradConv<T>(tiles, args.Input.F32, forward ? g.Channels : g.Filters, packed, forward ? g.Filters : g.Channels,
            args.Bias.F32, args.Residual.F32, args.Output.F32).Run(device);
    }

    public static void WeightGradient(CpuDevice device, in Conv2dWeightGradientArgs args)
    {
        var g = args.Geometry;
        var tiles = new WinogradTiles(T.Outputs, T.Inputs, g.Batch, (g.Height, g.Width), (g.OutHeight, g.OutWidth), g.Padding);
        new WinogradGradient<T>(tiles, args.X.F32, g.Channels, args.DY.F32, g.Filters).Run(device, args.DWeight.F32);
    }
}
