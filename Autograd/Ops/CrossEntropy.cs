using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

internal sealed class CrossEntropyOp(long ignoreIndex, Reduction reduction) : Op
{
    public override string Name => "cross_entropy";

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        Takes(device, inputs[0]!.DType);

    /// <summary>True when logits of a type are read as they are.</summary>
    public static bool Takes(Device device, DType logits) => CrossEntropy.Forward.Takes(device, logits);

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var (logits, labels) = (inputs[0]!, inputs[1]!);
        if (logits.Rank < 1 || logits.Shape[^1] == 0 || labels.Shape != logits.Shape[..^1])
            throw new ShapeException($"CrossEntropy: labels {labels.Shape} do not fit logits {logits.Shape}; they must "
                + "be [..., K], classes last, and [...]");
        IndexRange.Check("CrossEntropy", "label", labels, logits.Shape[^1], "classes", ignoreIndex);
        var type = Norms.ParameterType(logits);
        var loss = Tensor.Empty(reduction == Reduction.None ? labels.Shape : Shape.Scalar, type, logits.Device);
        using var statistics = Tensor.Empty([labels.Count, 2], type, logits.Device);
        CrossEntropy.Forward.Run(logits.Device, logits.DType, Args(logits, labels, loss.View, statistics));
        context.Save(logits);
        context.Save(labels);
        context.Save(statistics);
        return loss;
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var (logits, labels, statistics) = (context.Saved(0), context.Saved(1), context.Saved(2));
        var dLogits = Tensor.Empty(logits.Shape, logits.DType, logits.Device);
        CrossEntropy.Backward.Run(logits.Device, logits.DType,
            new(Args(logits, labels, default, statistics), dy.View, dLogits.View));
        context.SetGrad(0, dLogits);
    }

    private CrossEntropyArgs Args(Tensor logits, Tensor labels, View loss, Tensor statistics) => new(logits.View,
        labels.View, loss, statistics.View, labels.Count, logits.Shape.Int(-1), ignoreIndex, reduction);
}

/// <summary>Cross-entropy of classifications.</summary>
public static class CrossEntropyOps
{
    extension(Tensor logits)
    {
        /// <summary>The negative logarithm of the softmax at each label: of samples [N, K] or of pixels
        /// [N, H, W, K], classes last.</summary>
        /// <param name="labels">Int64, the shape of the logits without the last axis.</param>
        /// <param name="ignoreIndex">A label whose samples have no loss and no gradient, and do not count in the mean.
        /// </param>
        /// <param name="reduction">Whether to return a loss a sample, their mean or their sum. The mean of no samples
        /// is NaN.</param>
        /// <returns>One number, or a tensor like the labels; float32 when the logits have 16 bits.</returns>
        /// <exception cref="ShapeException">Shapes do not fit, or a label is neither a class nor ignored.</exception>
        /// <exception cref="DTypeException">The labels are not Int64.</exception>
        public Tensor CrossEntropy(
            Tensor labels, long ignoreIndex = -100, Reduction reduction = Reduction.Mean)
        {
            var op = new CrossEntropyOp(ignoreIndex, reduction);
            if (!logits.DType.IsHalf() || CrossEntropyOp.Takes(logits.Device, logits.DType))
                return Op.Apply(op, logits, labels);
            using var single = logits.To(DType.Float32);
            return Op.Apply(op, single, labels);
        }
    }
}
