using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class Scale
{
    private static readonly GpuKernel multiply = new(Multiply);

    private static void SingleGpu(GpuDevice device, ScaleArgs args) =>
        multiply.LaunchFor(device, args.X.Count, new GpuArguments().Put<float>(args.X).Put((float)args.Alpha));

    private static void Multiply(ArrayView<float> x, float alpha)
    {
        var i = GpuThread.Index;
        if (i < x.Length) x[i] *= alpha;
    }
}
