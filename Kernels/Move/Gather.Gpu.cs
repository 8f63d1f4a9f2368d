using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class Gather
{
    private static readonly GpuKernel addBack = new(AddBackColumn);

    private static void PickGpu<T>(GpuDevice device, GatherArgs args) where T : unmanaged =>
        Gpu<T>.Kernel.LaunchFor(device, args.Outer * args.K * args.Inner, new GpuArguments()
            .Put<T>(args.X).Put<long>(args.Index).Put<T>(args.Y).Put(args.Length).Put(args.Inner).Put(args.K)
            .Put(args.PerElement ? 1 : 0));

    private static void AddBackGpu(GpuDevice device, GatherArgs args) =>
        addBack.LaunchFor(device, args.Outer * args.Inner, new GpuArguments()
            .Put<float>(args.X).Put<long>(args.Index).Put<float>(args.Y).Put(args.Outer).Put(args.Length)
            .Put(args.Inner).Put(args.K).Put(args.PerElement ? 1 : 0));

    // A thread has a column of a slab to itself, so that equal places are added in the order of k.
    private static void AddBackColumn(ArrayView<float> dx, ArrayView<long> index, ArrayView<float> dy, long outer,
        long length, long inner, long count, int perElement)
    {
        var column = GpuThread.Index;
        if (column >= outer * inner) return;
        var o = column / inner;
        var i = column - o * inner;
        for (long k = 0; k < count; k++)
        {
            var row = (o * count + k) * inner + i;
            var at = (o * length + (perElement != 0 ? index[row] : index[k])) * inner + i;
            dx[at] += dy[row];
        }
    }

    private static class Gpu<T> where T : unmanaged
    {
        public static readonly GpuKernel Kernel = new(Pick);

        private static void Pick(ArrayView<T> x, ArrayView<long> index, ArrayView<T> y, long length, long inner,
            long count, int perElement)
        {
            var at = GpuThread.Index;
            if (at >= y.Length) return;
            var row = at / inner;
            var i = at - row * inner;
            var o = row / count;
            var place = perElement != 0 ? index[at] : index[row - o * count];
            y[at] = x[(o * length + place) * inner + i];
        }
    }
}
