using System.Numerics;
using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>What <see cref="TopK"/> is run on.</summary>
/// <param name="X">Input [Outer, Length, Inner], contiguous.</param>
/// <param name="Values">Receives the largest, descending [Outer, K, Inner].</param>
/// <param name="Indices">Receives their Int64 places along the middle axis [Outer, K, Inner].</param>
/// <param name="K">How many, at most Length.</param>
/// <param name="Outer">Number of slabs.</param>
/// <param name="Length">Candidates.</param>
/// <param name="Inner">Distance of the candidates.</param>
public readonly record struct TopKArgs(
    View X, View Values, View Indices, long K, long Outer, long Length, long Inner);

/// <summary>The k largest along the middle axis of an array.</summary>
public static unsafe partial class TopK
{
    /// <summary>The k largest, descending, equal ones by place, NaN first; runs under the type of x.</summary>
    public static readonly Kernel<TopKArgs> Forward = new Kernel<TopKArgs>("top_k")
        .OnCpu(DType.Float32, Run<float>).OnCpu(DType.Float64, Run<double>)
        .OnCpu(DType.Int64, Run<long>).OnCpu(DType.Int32, Run<int>).OnCpu(DType.UInt8, Run<byte>)
        .OnGpu(DType.Float32, RunGpu<float>).OnGpu(DType.Float64, RunGpu<double>)
        .OnGpu(DType.Int64, RunGpu<long>).OnGpu(DType.Int32, RunGpu<int>).OnGpu(DType.UInt8, RunGpu<byte>);

    private static void Run<T>(CpuDevice device, TopKArgs args) where T : unmanaged, INumber<T>
    {
        if (args.K == 0) return;
        device.ForChunks(args.Outer * args.Inner, Chunks.Size / Math.Max(1, args.Length), (first, last) =>
        {
            using var scratch = new Scratch(device, args.K * sizeof(Candidate<T>));
            for (var at = first; at < last; at++)
            {
                var (o, i) = Math.DivRem(at, args.Inner);
                Best(args.X.As<T>() + (o * args.Length * args.Inner) + i, args, scratch.As<Candidate<T>>());
                for (long k = 0; k < args.K; k++)
                {
                    var place = (((o * args.K) + k) * args.Inner) + i;
                    args.Values.As<T>()[place] = scratch.As<Candidate<T>>()[k].Value;
                    args.Indices.I64[place] = scratch.As<Candidate<T>>()[k].Index;
                }
            }
        });
    }

    // A heap of the k best with the worst of them on top, emptied from the back at the end.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Best<T>(T* x, TopKArgs args, Candidate<T>* heap) where T : unmanaged, INumber<T>
    {
        for (long n = 0; n < args.K; n++) heap[n] = new(x[n * args.Inner], n);
        for (var n = (args.K / 2) - 1; n >= 0; n--) Sink(heap, n, args.K);
        for (var n = args.K; n < args.Length; n++)
        {
            var candidate = new Candidate<T>(x[n * args.Inner], n);
            if (!candidate.Before(heap[0])) continue;
            heap[0] = candidate;
            Sink(heap, 0, args.K);
        }
        for (var n = args.K - 1; n > 0; n--)
        {
            (heap[0], heap[n]) = (heap[n], heap[0]);
            Sink(heap, 0, n);
        }
    }

    private static void Sink<T>(Candidate<T>* heap, long at, long count) where T : unmanaged, INumber<T>
    {
        while (true)
        {
            var child = (2 * at) + 1;
            if (child >= count) return;
            if (child + 1 < count && heap[child].Before(heap[child + 1])) child++;
            if (!heap[at].Before(heap[child])) return;
            (heap[at], heap[child]) = (heap[child], heap[at]);
            at = child;
        }
    }

    private readonly struct Candidate<T>(T value, long index) where T : unmanaged, INumber<T>
    {
        public readonly T Value = value;
        public readonly long Index = index;

        public bool Before(Candidate<T> other) =>
            Largest.Beats(Value, other.Value) || (!Largest.Beats(other.Value, Value) && Index < other.Index);
    }
}
