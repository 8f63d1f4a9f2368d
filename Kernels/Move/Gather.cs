using System.Numerics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>What <see cref="Gather"/> is run on: picks along the middle axis of [Outer, Length, Inner].</summary>
/// <param name="X">Where is picked from (backward: the gradient that is added to) [Outer, Length, Inner].</param>
/// <param name="Index">Int64 places along the middle axis, all within [0, Length).</param>
/// <param name="Y">What was picked (backward: its gradient) [Outer, K, Inner].</param>
/// <param name="Outer">Number of slabs.</param>
/// <param name="Length">Length of the axis that is picked from.</param>
/// <param name="Inner">Elements behind one place.</param>
/// <param name="K">How many are picked.</param>
/// <param name="PerElement">True when every element of the result has a place of its own (the index is as large as the
/// result); false when there are K places for all.</param>
public readonly record struct GatherArgs(
    View X, View Index, View Y, long Outer, long Length, long Inner, long K, bool PerElement);

/// <summary>Picks by index along an axis, and adds gradients back to where they were picked.</summary>
public static unsafe partial class Gather
{
    /// <summary>y[o,k,i] = x[o,index,i], for every element type.</summary>
    public static readonly Kernel<GatherArgs> Forward = new Kernel<GatherArgs>("gather.forward")
        .OnCpu(DType.Float32, Pick<int>).OnCpu(DType.Int32, Pick<int>)
        .OnCpu(DType.Float64, Pick<long>).OnCpu(DType.Int64, Pick<long>)
        .OnCpu(DType.Float16, Pick<short>).OnCpu(DType.BFloat16, Pick<short>)
        .OnCpu(DType.UInt8, Pick<byte>).OnCpu(DType.Bool, Pick<byte>)
        .OnGpu(DType.Float32, PickGpu<int>).OnGpu(DType.Int32, PickGpu<int>)
        .OnGpu(DType.Float64, PickGpu<long>).OnGpu(DType.Int64, PickGpu<long>)
        .OnGpu(DType.Float16, PickGpu<short>).OnGpu(DType.BFloat16, PickGpu<short>)
        .OnGpu(DType.UInt8, PickGpu<byte>).OnGpu(DType.Bool, PickGpu<byte>);

    /// <summary>dx[o,index,i] += dy[o,k,i]; places that were picked twice add up in the order of k.</summary>
    public static readonly Kernel<GatherArgs> Backward = new Kernel<GatherArgs>("gather.backward")
        .OnCpu(DType.Float32, AddBack<float>)
        .OnCpu(DType.Float64, AddBack<double>)
        .OnGpu(DType.Float32, AddBackGpu);

    private static void Pick<T>(CpuDevice device, GatherArgs args) where T : unmanaged =>
        device.ForChunks(args.Outer * args.K, Chunks.Size / Math.Max(1, args.Inner), (first, last) =>
        {
            for (var row = first; row < last; row++)
            {
                var (o, k) = Math.DivRem(row, args.K);
                T* x = args.X.As<T>() + (o * args.Length * args.Inner), y = args.Y.As<T>() + (row * args.Inner);
                if (args.PerElement)
                {
                    var index = args.Index.I64 + (row * args.Inner);
                    for (long i = 0; i < args.Inner; i++) y[i] = x[(index[i] * args.Inner) + i];
                }
                else Buffer.MemoryCopy(x + (args.Index.I64[k] * args.Inner), y, args.Inner * sizeof(T),
                    args.Inner * sizeof(T));
            }
        });

    // One task has a slab's columns to itself, so that equal places never meet on two threads.
    private static void AddBack<T>(CpuDevice device, GatherArgs args)
        where T : unmanaged, IAdditionOperators<T, T, T>
    {
        const int strip = 64;
        var strips = (args.Inner + strip - 1) / strip;
        var cost = args.K * Math.Min(strip, Math.Max(1, args.Inner));
        device.ForChunks(args.Outer * strips, Chunks.Size / Math.Max(1, cost), (first, last) =>
        {
            for (var item = first; item < last; item++)
            {
                var (o, s) = Math.DivRem(item, strips);
                var (from, to) = (s * strip, Math.Min(args.Inner, (s + 1) * strip));
                var dx = args.X.As<T>() + (o * args.Length * args.Inner);
                for (long k = 0; k < args.K; k++)
                {
                    var row = ((o * args.K) + k) * args.Inner;
                    for (var i = from; i < to; i++)
                    {
                        var place = args.PerElement ? args.Index.I64[row + i] : args.Index.I64[k];
                        dx[(place * args.Inner) + i] += args.Y.As<T>()[row + i];
                    }
                }
            }
        });
    }
}
