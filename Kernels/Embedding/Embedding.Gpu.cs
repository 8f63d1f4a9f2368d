using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU the backward links equal indices to chains first; then a thread has one column of a chain, whose
/// sum has the order of the indices as on the CPU.</remarks>
public static unsafe partial class Embedding
{
    private static readonly GpuKernel link = new(Link);

    // The next place of the same index, or the end; negative where the index has an earlier place too.
    private static void Link(ArrayView<long> indices, ArrayView<long> next)
    {
        var i = GpuThread.Index;
        if (i >= next.Length) return;
        var index = indices[i];
        long later = i + 1, earlier = i - 1;
        while (later < next.Length && indices[later] != index) later++;
        while (earlier >= 0 && indices[earlier] != index) earlier--;
        next[i] = earlier < 0 ? later : -later;
    }

    private static class Gpu<T, TNumber> where T : unmanaged where TNumber : struct, IGpuFloat<T>
    {
        private static readonly GpuKernel pick = new(PickRows), add = new(AddRows);

        public static void Forward(GpuDevice device, EmbeddingArgs a) =>
            pick.LaunchFor(device, a.Count * a.Width, new GpuArguments().Put<T>(a.Table).Put<long>(a.Indices)
                .Put<T>(a.Y).Put(a.Count).Put(a.Width));

        public static void Backward(GpuDevice device, EmbeddingArgs a)
        {
            Fill.Forward.Run(device, a.Table.DType, new(a.Table, 0));
            if (a.Count == 0) return;
            using var memory = new Scratch(device, a.Count * sizeof(long));
            var next = memory.As<long>();
            link.LaunchFor(device, a.Count, new GpuArguments().Put<long>(a.Indices).Put(next, a.Count));
            add.LaunchFor(device, a.Count * a.Width, new GpuArguments().Put<T>(a.Table).Put<long>(a.Indices)
                .Put<T>(a.Y).Put(next, a.Count).Put(a.Width));
        }

        private static void PickRows(
            ArrayView<T> table, ArrayView<long> indices, ArrayView<T> y, long count, int width)
        {
            var at = GpuThread.Index;
            if (at >= count * width) return;
            var i = at / width;
            y[at] = table[indices[i] * width + (at - i * width)];
        }

        private static void AddRows(ArrayView<T> table, ArrayView<long> indices, ArrayView<T> dy,
            ArrayView<long> next, int width)
        {
            var at = GpuThread.Index;
            if (at >= next.Length * width) return;
            long first = at / width, c = at - first * width;
            if (next[first] < 0) return;
            float sum = 0;
            var i = first;
            while (i < next.Length)
            {
                sum += TNumber.ToSingle(dy[i * width + c]);
                var later = next[i];
                i = later < 0 ? -later : later;
            }
            table[indices[first] * width + c] = TNumber.FromSingle(sum);
        }
    }
}
