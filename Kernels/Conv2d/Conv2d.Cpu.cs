using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class Conv2d
{
    /// <summary>Bytes of a packed weight for a geometry and a direction.</summary>
    public static long PackedBytes(Conv2dGeometry geometry, ConvDirection direction) =>
        BytesFor(ConvChoice.For(geometry, direction), geometry, direction);

    internal static long BytesFor(ConvAlgorithm algorithm, Conv2dGeometry geometry, ConvDirection direction) =>
        algorithm switch
        {
            ConvAlgorithm.Winograd2 => WinogradRoutes<Winograd2>.PackedBytes(geometry),
            ConvAlgorithm.Winograd4 => WinogradRoutes<Winograd4>.PackedBytes(geometry),
            _ => GatherConv.PackedBytes(geometry, direction),
        };

    internal static void PackFor(
        ConvAlgorithm algorithm, CpuDevice device, float* weight, Conv2dGeometry geometry, ConvDirection direction,
        float* packed)
    {
        switch (algorithm)
        {
            case ConvAlgorithm.Winograd2:
                WinogradRoutes<Winograd2>.Pack(device, weight, geometry, direction, packed);
                break;
            case ConvAlgorithm.Winograd4:
                WinogradRoutes<Winograd4>.Pack(device, weight, geometry, direction, packed);
                break;
            default:
                GatherConv.Pack(device, weight, geometry, direction, packed);
                break;
        }
    }

    internal static void Run(ConvAlgorithm algorithm, CpuDevice device, in Conv2dArgs args, ConvDirection direction)
    {
        if (args.Geometry.Batch == 0) return;
        if (!args.Packed.Exists)
        {
            using var packed = new Scratch(device, BytesFor(algorithm, args.Geometry, direction));
            PackFor(algorithm, device, args.Weight.F32, args.Geometry, direction, packed.F32);
            RunPacked(algorithm, device, args, direction, packed.F32);
        }
        else RunPacked(algorithm, device, args, direction, args.Packed.F32);
    }

    private static void RunPacked(
        ConvAlgorithm algorithm, CpuDevice device, in Conv2dArgs args, ConvDirection direction, float* packed)
    {
        switch (algorithm)
        {
            case ConvAlgorithm.Winograd2:
                WinogradRoutes<Winograd2>.Run(device, args, direction, packed);
                break;
            case ConvAlgorithm.Winograd4:
                WinogradRoutes<Winograd4>.Run(device, args, direction, packed);
                break;
            default:
                GatherConv.Run(device, args, direction, packed);
                break;
        }
    }

    private static void ForwardSimd(CpuDevice device, Conv2dArgs args) =>
        Run(ConvChoice.For(args.Geometry, ConvDirection.Forward), device, args, ConvDirection.Forward);

    private static void InputGradientSimd(CpuDevice device, Conv2dArgs args) =>
        Run(ConvChoice.For(args.Geometry, ConvDirection.InputGradient), device, args, ConvDirection.InputGradient);

    private static void PackSimd(CpuDevice device, Conv2dPackArgs args) => PackFor(
        ConvChoice.For(args.Geometry, args.Direction), device, args.Weight.F32, args.Geometry, args.Direction,
        args.Packed.F32);
}
