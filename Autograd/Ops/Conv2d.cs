using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

internal sealed class Conv2dOp(
    Pair stride, Pair padding, Pair dilation, int groups, ConvMethod method, bool intoResidual, bool feedsNorm) : Op
{
    public override string Name => "conv2d";

    protected override CastRule CastRule => CastRule.Layer;

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        HalfProducts.Takes(device, inputs[0], inputs[1], inputs[2])
        && (inputs[3] is null || inputs[3]!.DType == inputs[0]!.DType);

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var (x, weight, bias, residual) = (inputs[0]!, inputs[1]!, inputs[2], inputs[3]);
        var geometry = Conv2dGeometry.Of(x.Shape, weight.Shape, stride, padding, dilation, groups) with
        {
            Method = method,
        };
        Convolutions.CheckParameters("Conv2d", x, weight, bias, geometry.Filters);
        Norms.CheckParameter("Conv2d", "residual", residual, geometry.OutShape, x.DType);
        context.Save(context.Needs(1) ? x : null);
        context.Save(context.Needs(0) ? weight : null);
        context.State = (geometry, weight.DType, bias?.DType ?? x.DType);
        var y = intoResidual && residual is not null && InPlace.MayTake(residual, context)
            ? InPlace.Take(residual)
            : Tensor.Empty(geometry.OutShape, x.DType, x.Device);
        using var moments = ChannelMoments.For(feedsNorm, y);
        Convolutions.Forward(
            x, weight, bias, residual, geometry, PackedWeights.ShouldKeep(context, 1, weight), y, moments.Sums);
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var (geometry, weightType, biasType) = ((Conv2dGeometry, DType, DType))context.State!;
        if (context.Needs(0))
            context.SetGrad(0, Convolutions.InputGradient(dy, context.Saved(1), null, geometry, !context.Needs(1)));
        if (context.Needs(1)) context.SetGrad(1,
            Convolutions.WeightGradient(context.Saved(0), dy, geometry, weightType));
        if (context.Needs(2)) context.SetGrad(2, BiasGradient.Of(dy, biasType));
        if (context.Needs(3)) context.SetGrad(3, dy);
    }
}

/// <summary>Two-dimensional convolution.</summary>
public static class Conv2dOps
{
    extension(Tensor x)
    {
        /// <summary>Convolves (cross-correlates, as PyTorch does) channels-last images with zero padding:
        /// y[n, i, j, f] = bias[f] + Σ weight[f, c, p, q] · x[n, i·stride + p·dilation - padding, …, c] + residual.
        /// </summary>
        /// <param name="weight">[F, C / groups, kH, kW].</param>
        /// <param name="bias">[F]; none when null.</param>
        /// <param name="stride">Pixels between neighbouring positions of a filter; 1 when left out.</param>
        /// <param name="padding">Zeros on each side of the image.</param>
        /// <param name="dilation">Pixels between neighbouring elements of a filter; 1 when left out.</param>
        /// <param name="groups">Parts that the channels are divided into; each filter sees one part.</param>
        /// <param name="residual">Added to the result while it is written, [N, H', W', F]; none when null.</param>
        /// <param name="intoResidual">True when <paramref name="residual"/> is not needed afterwards: the result takes
        /// its memory, unless a backward or another tensor needs it.</param>
        /// <param name="method">What may be spent for speed on the CPU.</param>
        /// <param name="feedsNorm">True when a group norm will read the result: where a GPU can, the sums that it
        /// needs are made on the way and kept beside the result.</param>
        /// <returns>[N, H', W', F] with H' = ⌊(H + 2·padding - dilation·(kH - 1) - 1) / stride⌋ + 1.</returns>
        /// <exception cref="ShapeException">The shapes or settings do not fit together.</exception>
        /// <exception cref="DTypeException">The tensors are not of one type.</exception>
        public Tensor Conv2d(Tensor weight, Tensor? bias = null, Pair? stride = null, Pair padding = default,
            Pair? dilation = null, int groups = 1, Tensor? residual = null,
            ConvMethod method = ConvMethod.Balanced, bool intoResidual = false,
            bool feedsNorm = false) =>
            Op.Apply(new Conv2dOp(stride ?? 1, padding, dilation ?? 1, groups, method, intoResidual, feedsNorm), x,
                weight, bias, residual);
    }
}
