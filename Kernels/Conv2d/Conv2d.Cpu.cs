using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class Conv2d
{
    /// <summary>Bytes of a packed weight for a geometry and a direction.</summary>
    public static long PackedBytes(Conv2dGeometry geometry, ConvDirection direction) =>
        GatherConv.PackedBytes(geometry, direction);

    private static void ForwardSimd(CpuDevice device, Conv2dArgs args) => Run(device, args, ConvDirection.Forward);

    private static void InputGradientSimd(CpuDevice device, Conv2dArgs args) =>
        Run(device, args, ConvDirection.InputGradient);

    private static void Run(CpuDevice device, in Conv2dArgs args, ConvDirection direction)
    {
        if (args.Geometry.Batch == 0) return;
        if (args.Packed.Exists)
        {
            GatherConv.Run(device, args, direction, args.Packed.F32);
            return;
        }
        using var packed = new Scratch(device, PackedBytes(args.Geometry, direction));
        GatherConv.Pack(device, args.Weight.F32, args.Geometry, direction, packed.F32);
        GatherConv.Run(device, args, direction, packed.F32);
    }

    private static void PackSimd(CpuDevice device, Conv2dPackArgs args) =>
        GatherConv.Pack(device, args.Weight.F32, args.Geometry, args.Direction, args.Packed.F32);
}
