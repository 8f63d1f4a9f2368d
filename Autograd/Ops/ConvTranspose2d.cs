using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

internal sealed class ConvTranspose2dOp(Pair stride, Pair padding, Pair outputPadding, int groups, Pair dilation) : Op
{
    public override string Name => "conv_transpose2d";

    protected override CastRule CastRule => CastRule.Layer;

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        HalfProducts.Takes(device, inputs[0], inputs[1], inputs[2]);

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var (x, weight, bias) = (inputs[0]!, inputs[1]!, inputs[2]);
        var geometry = ConvTranspose2d.Geometry(x.Shape, weight.Shape, stride, padding, outputPadding, groups,
            dilation);
        Convolutions.CheckParameters("ConvTranspose2d", x, weight, bias, geometry.Channels);
        context.Save(context.Needs(1) ? x : null);
        context.Save(context.Needs(0) ? weight : null);
        context.State = (geometry, weight.DType, bias?.DType ?? x.DType);
        return Convolutions.InputGradient(x, weight, bias, geometry, PackedWeights.ShouldKeep(context, 1, weight));
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var (geometry, weightType, biasType) = ((Conv2dGeometry, DType, DType))context.State!;
        if (context.Needs(0))
        {
            var dx = Tensor.Empty(geometry.OutShape, dy.DType, dy.Device);
            Convolutions.Forward(dy, context.Saved(1), null, null, geometry, !context.Needs(1), dx);
            context.SetGrad(0, dx);
        }
        if (context.Needs(1))
            context.SetGrad(1, Convolutions.WeightGradient(dy, context.Saved(0), geometry, weightType));
        if (context.Needs(2)) context.SetGrad(2, BiasGradient.Of(dy, biasType));
    }
}

/// <summary>Two-dimensional transposed convolution.</summary>
public static class ConvTranspose2dOps
{
    extension(Tensor x)
    {
        /// <summary>Spreads every pixel over a window of the output: the transpose of a convolution with the same
        /// settings, which makes images larger by the stride.</summary>
        /// <param name="weight">[C, F / groups, kH, kW].</param>
        /// <param name="bias">[F]; none when null.</param>
        /// <param name="stride">Pixels of the output between neighbouring pixels of the input; 1 when left out.</param>
        /// <param name="padding">Pixels cut off on each side of the output.</param>
        /// <param name="outputPadding">Pixels added to the output's lower and right side.</param>
        /// <param name="groups">Parts that the channels are divided into.</param>
        /// <param name="dilation">Pixels between neighbouring elements of a filter; 1 when left out.</param>
        /// <returns>[N, H', W', F] with H' = (H - 1)·stride - 2·padding + dilation·(kH - 1) + outputPadding +
        /// 1.</returns>
        /// <exception cref="ShapeException">The shapes or settings do not fit together.</exception>
        /// <exception cref="DTypeException">The tensors are not of one type.</exception>
        public Tensor ConvTranspose2d(Tensor weight, Tensor? bias = null, Pair? stride = null, Pair padding = default,
            Pair outputPadding = default, int groups = 1, Pair? dilation = null) =>
            Op.Apply(
                new ConvTranspose2dOp(stride ?? 1, padding, outputPadding, groups, dilation ?? 1), x, weight, bias);
    }
}
