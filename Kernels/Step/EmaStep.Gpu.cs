using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class EmaStep
{
    private static readonly GpuKernel move = new(Move);

    private static void SingleGpu(GpuDevice device, EmaStepArgs args) =>
        move.LaunchFor(device, args.Average.Count, new GpuArguments().Put<float>(args.Source)
            .Put<float>(args.Average).Put((float)args.Rate).Put((float)(1 - args.Rate)));

    private static void Move(ArrayView<float> x, ArrayView<float> y, float rate, float share)
    {
        var i = GpuThread.Index;
        if (i < y.Length) y[i] = GpuLane.MultiplyAdd(share, x[i], rate * y[i]);
    }
}
