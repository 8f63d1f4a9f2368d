using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class StridedCopy
{
    // Views begin at element 0 of a window, whose elements may lie on either side of it.
    private static void CopyGpu<T>(GpuDevice device, StridedCopyArgs args) where T : unmanaged
    {
        var plan = args.Plan;
        Gpu<T>.Kernel.LaunchFor(device, plan.Count, new GpuArguments()
            .Put(GpuWalk.Of(plan.Count, plan.Rank, i => (plan.Length(i), plan.From(i), plan.To(i), 0)))
            .Put(args.X.As<T>(), long.MaxValue).Put(args.Y.As<T>(), long.MaxValue));
    }

    private static class Gpu<T> where T : unmanaged
    {
        public static readonly GpuKernel Kernel = new(Copy);

        private static void Copy(GpuWalk walk, ArrayView<T> x, ArrayView<T> y)
        {
            var i = GpuThread.Index;
            if (i >= walk.Count) return;
            walk.At(i, out var from, out var to, out _);
            y[to] = x[from];
        }
    }
}
