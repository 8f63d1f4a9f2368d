using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Cross-entropy of logits and labels.</summary>
/// <param name="Logits">[rows, classes].</param>
/// <param name="Labels">Int64 [rows]: the class of each row, or the label to ignore.</param>
/// <param name="Loss">[rows] for <see cref="Reduction.None"/>, else one element.</param>
/// <param name="Statistics">[rows, 2]: the largest logit, and log(sum(e^(logits - largest))), apart because their sum
/// would round. Written by forward, read by backward.</param>
/// <param name="Rows">Samples.</param>
/// <param name="Classes">Classes; every label that is not ignored is below.</param>
/// <param name="Ignore">Label of rows without a loss.</param>
/// <param name="Reduction">What becomes of the rows' losses.</param>
public readonly record struct CrossEntropyArgs(
    View Logits, View Labels, View Loss, View Statistics, long Rows, int Classes, long Ignore, Reduction Reduction);

/// <summary>Gradient of <see cref="CrossEntropyArgs"/>.</summary>
/// <param name="Forward">The forward's arguments; its loss is not read.</param>
/// <param name="DLoss">Gradient of the loss.</param>
/// <param name="DLogits">Gradient of the logits.</param>
public readonly record struct CrossEntropyBackwardArgs(CrossEntropyArgs Forward, View DLoss, View DLogits);

/// <summary>Softmax and negative log-likelihood in one: loss = log(sum(e^logits)) - logits[label].</summary>
public static unsafe partial class CrossEntropy
{
    /// <summary>The losses, reduced; 0 for a row that is ignored. The mean of no rows is NaN.</summary>
    public static readonly Kernel<CrossEntropyArgs> Forward = new Kernel<CrossEntropyArgs>("cross_entropy.forward")
        .OnCpu(DType.Float32, ForwardSimd)
        .OnCpu(DType.Float64, ForwardReference)
        .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Forward)
        .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Forward)
        .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Forward);

    /// <summary>dlogits = (softmax - one at the label) dloss; 0 for a row that is ignored.</summary>
    public static readonly Kernel<CrossEntropyBackwardArgs> Backward =
        new Kernel<CrossEntropyBackwardArgs>("cross_entropy.backward")
            .OnCpu(DType.Float32, BackwardSimd)
            .OnCpu(DType.Float64, BackwardReference)
            .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Backward)
            .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Backward)
            .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Backward);

    private static long Counted(in CrossEntropyArgs a)
    {
        var labels = a.Labels.I64;
        long counted = 0;
        for (long r = 0; r < a.Rows; r++) if (labels[r] != a.Ignore) counted++;
        return counted;
    }
}
