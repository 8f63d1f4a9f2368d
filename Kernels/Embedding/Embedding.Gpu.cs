using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU the backward links equal indices to chains first; then a thread has one column of a chain, whose
/// sum has the order of the indices as on the CPU.</remarks>
public static unsafe partial class Embedding
{
    private static readonly GpuKernel pick = new(PickRows), link = new(Link), add = new(AddRows);

    private static void ForwardGpu(GpuDevice device, EmbeddingArgs a) =>
        pick.LaunchFor(device, a.Count * a.Width, new GpuArguments().Put<float>(a.Table).Put<long>(a.Indices)
            .Put<float>(a.Y).Put(a.Count).Put(a.Width));

    private static void BackwardGpu(GpuDevice device, EmbeddingArgs a)
    {
        Fill.Forward.Run(device, DType.Float32, new(a.Table, 0));
        if (a.Count == 0) return;
        using var memory = new Scratch(device, a.Count * sizeof(long));
        var next = memory.As<long>();
        link.LaunchFor(device, a.Count, new GpuArguments().Put<long>(a.Indices).Put(next, a.Count));
        add.LaunchFor(device, a.Count * a.Width, new GpuArguments().Put<float>(a.Table).Put<long>(a.Indices)
            .Put<float>(a.Y).Put(next, a.Count).Put(a.Width));
    }

    private static void PickRows(
        ArrayView<float> table, ArrayView<long> indices, ArrayView<float> y, long count, int width)
    {
        var at = GpuThread.Index;
        if (at >= count * width) return;
        var i = at / width;
        y[at] = table[indices[i] * width + (at - i * width)];
    }

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

    private static void AddRows(ArrayView<float> table, ArrayView<long> indices, ArrayView<float> dy,
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
            sum += dy[i * width + c];
            var later = next[i];
            i = later < 0 ? -later : later;
        }
        table[indices[first] * width + c] = sum;
    }
}
