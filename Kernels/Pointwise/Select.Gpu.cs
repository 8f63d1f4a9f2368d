using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class Select
{
    private static void RunGpu<T>(GpuDevice device, SelectArgs args) where T : unmanaged =>
        Gpu<T>.Kernel.LaunchFor(device, args.Y.Count, new GpuArguments().Put(args.Plan.ForGpu())
            .Put<byte>(args.Condition).Put<T>(args.A).Put<T>(args.B).Put<T>(args.Y));

    private static class Gpu<T> where T : unmanaged
    {
        public static readonly GpuKernel Kernel = new(Choose);

        private static void Choose(
            GpuWalk walk, ArrayView<byte> condition, ArrayView<T> a, ArrayView<T> b, ArrayView<T> y)
        {
            var i = GpuThread.Index;
            if (i >= walk.Count) return;
            walk.At(i, out var atCondition, out var atA, out var atB);
            if (condition[atCondition] != 0) y[i] = a.Length > 0 ? a[atA] : default;
            else y[i] = b.Length > 0 ? b[atB] : default;
        }
    }
}
