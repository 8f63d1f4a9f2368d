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

    public static void Pack(CpuDevice device, float* weight, in Conv2dGeometry g, ConvDirection direction,
        float* packed)
    {
        nint plane = g.Taps, filter = plane * g.Channels;
        if (direction == ConvDirection.Forward)
        {
            var lanes = new FilterLanes(weight, g.Taps, plane, filter);
            WinogradWeights<T>.Pack(device, lanes, false, g.Channels, g.Filters, packed);
        }
        else
        {
            var lanes = new FilterLanes(weight, g.Taps, filter, plane);
            WinogradWeights<T>.Pack(device, lanes, true, g.Filters, g.Channels, packed);
        }
    }

    public static void Run(CpuDevice device, in Conv2dArgs args, ConvDirection direction, float* packed)
    {
        var g = args.Geometry;
        var forward = direction == ConvDirection.Forward;
        Pair image = (g.Height, g.Width), result = (g.OutHeight, g.OutWidth);
        var tiles = forward
            ? new WinogradTiles(T.Outputs, T.Inputs, g.Batch, image, result, g.Padding)
            : new WinogradTiles(T.Outputs, T.Inputs, g.Batch, result, image, (2 - g.Padding.H, 2 - g.Padding.W));
        var (channels, filters) = forward ? (g.Channels, g.Filters) : (g.Filters, g.Channels);
        new WinogradConv<T>(tiles, args.Input.F32, channels, packed, filters, args.Bias.F32, args.Residual.F32,
            args.Output.F32).Run(device);
    }

    public static void WeightGradient(CpuDevice device, in Conv2dWeightGradientArgs args)
    {
        var g = args.Geometry;
        Pair image = (g.Height, g.Width), result = (g.OutHeight, g.OutWidth);
        var tiles = new WinogradTiles(T.Outputs, T.Inputs, g.Batch, image, result, g.Padding);
        new WinogradGradient<T>(tiles, args.X.F32, g.Channels, args.DY.F32, g.Filters).Run(device, args.DWeight.F32);
    }
}
