using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class Clip
{
    private static readonly GpuKernel cut = new(Cut);

    private static void SingleGpu(GpuDevice device, ClipArgs args) =>
        cut.LaunchFor(device, args.X.Count, new GpuArguments().Put<float>(args.X).Put((float)args.Limit));

    private static void Cut(ArrayView<float> x, float limit)
    {
        var i = GpuThread.Index;
        if (i >= x.Length) return;
        // A NaN is on neither side.
        var value = x[i];
        if (value < -limit) x[i] = -limit;
        if (value > limit) x[i] = limit;
    }
}
