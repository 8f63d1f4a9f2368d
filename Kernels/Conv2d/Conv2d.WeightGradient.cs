using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class Conv2d
{
    private static void WeightGradientSimd(CpuDevice device, Conv2dWeightGradientArgs args) =>
        RunWeightGradient(ConvChoice.ForWeightGradient(args.Geometry), device, args);

    internal static void RunWeightGradient(ConvAlgorithm algorithm, CpuDevice device, in Conv2dWeightGradientArgs args)
    {
        switch (algorithm)
        {
            case ConvAlgorithm.Depthwise:
                DepthwiseGradient.Run(device, args);
                break;
            case ConvAlgorithm.Winograd2:
                WinogradRoutes<Winograd2>.WeightGradient(device, args);
                break;
            case ConvAlgorithm.Winograd4:
                WinogradRoutes<Winograd4>.WeightGradient(device, args);
                break;
            default:
                GatherGradient.Run(device, args);
                break;
        }
    }
}
