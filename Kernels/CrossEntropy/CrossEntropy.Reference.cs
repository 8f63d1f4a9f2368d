using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class CrossEntropy
{
    private static void ForwardReference(CpuDevice device, CrossEntropyArgs a)
    {
        var total = 0.0;
        for (long r = 0; r < a.Rows; r++)
        {
            var logits = a.Logits.F64 + r * a.Classes;
            var top = double.NegativeInfinity;
            for (var c = 0; c < a.Classes; c++) top = Math.Max(top, logits[c]);
            var sum = 0.0;
            for (var c = 0; c < a.Classes; c++) sum += Math.Exp(logits[c] - top);
            (a.Statistics.F64[2 * r], a.Statistics.F64[2 * r + 1]) = (top, Math.Log(sum));
            var label = a.Labels.I64[r];
            var loss = label == a.Ignore ? 0 : top + Math.Log(sum) - logits[label];
            if (a.Reduction == Reduction.None) a.Loss.F64[r] = loss;
            total += loss;
        }
        if (a.Reduction == Reduction.Sum) *a.Loss.F64 = total;
        if (a.Reduction == Reduction.Mean) *a.Loss.F64 = total / Counted(a);
    }

    private static void BackwardReference(CpuDevice device, CrossEntropyBackwardArgs b)
    {
        var a = b.Forward;
        var divisor = a.Reduction == Reduction.Mean ? Counted(a) : 1;
        for (long r = 0; r < a.Rows; r++)
        {
            var label = a.Labels.I64[r];
            var dLoss = b.DLoss.F64[a.Reduction == Reduction.None ? r : 0] / divisor;
            for (var c = 0; c < a.Classes; c++)
            {
                var softmax = Math.Exp(a.Logits.F64[r * a.Classes + c] - a.Statistics.F64[2 * r]
                    - a.Statistics.F64[2 * r + 1]);
                b.DLogits.F64[r * a.Classes + c] = label == a.Ignore ? 0 : (softmax - (c == label ? 1 : 0)) * dLoss;
            }
        }
    }
}
