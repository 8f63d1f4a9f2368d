using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class CrossEntropy
{
    private static void ForwardSimd(CpuDevice device, CrossEntropyArgs a)
    {
        using var memory = new Scratch(device, a.Rows * sizeof(double));
        var losses = memory.F64;
        device.ForRows(a.Rows, a.Classes, r =>
        {
            var logits = a.Logits.F32 + r * a.Classes;
            var top = RowMath.Largest(logits, a.Classes);
            var logSum = Math.Log(RowMath.Exponentials(logits, null, a.Classes, top));
            (a.Statistics.F32[2 * r], a.Statistics.F32[2 * r + 1]) = (top, (float)logSum);
            var label = a.Labels.I64[r];
            losses[r] = label == a.Ignore ? 0 : (double)top - logits[label] + logSum;
        });
        var total = 0.0;
        for (long r = 0; r < a.Rows; r++)
        {
            if (a.Reduction == Reduction.None) a.Loss.F32[r] = (float)losses[r];
            total += losses[r];
        }
        if (a.Reduction == Reduction.Sum) *a.Loss.F32 = (float)total;
        if (a.Reduction == Reduction.Mean) *a.Loss.F32 = (float)(total / Counted(a));
    }

    private static void BackwardSimd(CpuDevice device, CrossEntropyBackwardArgs b)
    {
        var divisor = b.Forward.Reduction == Reduction.Mean ? Counted(b.Forward) : 1;
        device.ForRows(b.Forward.Rows, b.Forward.Classes, r =>
        {
            var a = b.Forward;
            var label = a.Labels.I64[r];
            var dLogits = b.DLogits.F32 + r * a.Classes;
            if (label == a.Ignore)
            {
                new Span<float>(dLogits, a.Classes).Clear();
                return;
            }
            var dLoss = b.DLoss.F32[a.Reduction == Reduction.None ? r : 0] / divisor;
            ScaledSoftmax(a.Logits.F32 + r * a.Classes, dLogits, a.Classes, a.Statistics.F32 + 2 * r, dLoss);
            dLogits[label] -= dLoss;
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScaledSoftmax(float* x, float* y, int count, float* statistics, float factor)
    {
        var i = 0;
        for (; i + 8 <= count; i += 8) ScaledLane<WideLane>(x + i, y + i, statistics, factor);
        for (; i < count; i++) ScaledLane<FloatLane>(x + i, y + i, statistics, factor);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ScaledLane<T>(float* x, float* y, float* statistics, float factor)
        where T : unmanaged, IFloatLane<T>, ILaneMemory<T, float> =>
        T.Store(y, LaneMath.ExpFlushed(T.Load(x) - T.Of(statistics[0]) - T.Of(statistics[1])) * T.Of(factor));
}
