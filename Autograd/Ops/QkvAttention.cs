using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

internal sealed class QkvAttentionOp(int heads, QkvOrder order) : Op
{
    public override string Name => "qkv_attention";

    protected override CastRule CastRule => CastRule.Product;

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        QkvAttention.Forward.Takes(device, inputs[0]!.DType);

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var qkv = inputs[0]!;
        if (qkv.Rank != 3) throw new ShapeException($"QkvAttention: the input must be [N, T, 3C], found {qkv.Shape}");
        if (heads < 1 || qkv.Shape[2] % (3L * heads) != 0 || qkv.Shape[2] == 0)
            throw new ShapeException($"QkvAttention: {qkv.Shape[2]} channels are not queries, keys and values of "
                + $"{heads} equal heads");
        var y = Tensor.Empty(qkv.Shape.With(2, qkv.Shape[2] / 3), qkv.DType, qkv.Device);
        var type = qkv.DType.IsHalf() ? DType.Float32 : qkv.DType;
        using var logSumExp = context.IsRecording
            ? Tensor.Empty([qkv.Shape[0], heads, qkv.Shape[1]], type, qkv.Device) : null;
        QkvAttention.Forward.Run(qkv.Device, qkv.DType, Args(qkv, y, logSumExp));
        context.Save(qkv);
        context.Save(y);
        context.Save(logSumExp);
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var (qkv, y, logSumExp) = (context.Saved(0), context.Saved(1), context.Saved(2));
        var dqkv = Tensor.Empty(qkv.Shape, qkv.DType, qkv.Device);
        QkvAttention.Backward.Run(qkv.Device, qkv.DType, new(Args(qkv, y, logSumExp), dy.View, dqkv.View));
        context.SetGrad(0, dqkv);
    }

    private QkvAttentionArgs Args(Tensor qkv, Tensor y, Tensor? logSumExp) => new(qkv.View, y.View,
        logSumExp?.View ?? default, qkv.Shape.Int(0), qkv.Shape.Int(1), heads, qkv.Shape.Int(2) / (3 * heads), order);
}

/// <summary>Self-attention.</summary>
public static class QkvAttentionOps
{
    extension(Tensor qkv)
    {
        /// <summary>Self-attention of tokens whose queries, keys and values lie in one tensor:
        /// softmax(s q (s k)ᵀ) v for each head, s = (channels of a head)^-1/4.</summary>
        /// <param name="heads">Number of heads; 3 · heads divides the channels.</param>
        /// <param name="order">How the channels are arranged.</param>
        /// <returns>[N, T, C] for an input [N, T, 3C], head by head.</returns>
        /// <exception cref="ShapeException">Not three axes, or channels that cannot be divided.</exception>
        /// <remarks>Vaswani et al. 2017, https://arxiv.org/abs/1706.03762. Memory grows with T, not with its square.
        /// </remarks>
        public Tensor QkvAttention(int heads, QkvOrder order = QkvOrder.Legacy) =>
            Op.Apply(new QkvAttentionOp(heads, order), qkv);
    }
}
