using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class Conv2d
{
    private static void ForwardSimd(CpuDevice device, Conv2dArgs args) =>
        Run(ConvChoice.For(args.Geometry, ConvDirection.Forward), device, args, ConvDirection.Forward);

    private static void InputGradientSimd(CpuDevice device, Conv2dArgs args) =>
        Run(ConvChoice.For(args.Geometry, ConvDirection.InputGradient), device, args, ConvDirection.InputGradient);

    internal static void Run(ConvAlgorithm algorithm, CpuDevice device, in Conv2dArgs args, ConvDirection direction)
    {
        if (args.Geometry.Batch == 0) return;
        // A Winograd algorithm transforms a weight on the way; the others read it packed.
        if (args.Packed.Exists || algorithm is ConvAlgorithm.Winograd2 or ConvAlgorithm.Winograd4)
        {
            RunPacked(algorithm, device, args, direction, args.Packed.F32);
            return;
        }
        var form = new Conv2dForm(args.Geometry, direction, algorithm);
        using var packed = new Scratch(device, form.Bytes);
        PackFor(form, device, args.Weight.F32, packed.F32);
        RunPacked(algorithm, device, args, direction, packed.F32);
    }

    private static void RunPacked(
        ConvAlgorithm algorithm, CpuDevice device, in Conv2dArgs args, ConvDirection direction, float* packed)
    {
        switch (algorithm)
        {
            case ConvAlgorithm.Depthwise:
                Depthwise.Run(device, args, direction, packed);
                break;
            case ConvAlgorithm.Patches:
                PatchConv.Run(device, args, packed);
                break;
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

    private static void PackSimd(CpuDevice device, Conv2dPackArgs args) =>
        PackFor(args.Form, device, args.Weight.F32, args.Packed.F32);

    internal static void PackFor(in Conv2dForm form, CpuDevice device, float* weight, float* packed)
    {
        switch (form.Algorithm)
        {
            case ConvAlgorithm.Depthwise:
                Depthwise.Pack(weight, form.Settings, form.Direction, packed);
                break;
            case ConvAlgorithm.Patches:
                PatchConv.Pack(device, weight, form.Settings, packed);
                break;
            case ConvAlgorithm.Winograd2:
                WinogradRoutes<Winograd2>.Pack(device, weight, form.Settings, form.Direction, packed);
                break;
            case ConvAlgorithm.Winograd4:
                WinogradRoutes<Winograd4>.Pack(device, weight, form.Settings, form.Direction, packed);
                break;
            default:
                GatherConv.Pack(device, weight, form.Settings, form.Direction, packed);
                break;
        }
    }
}
