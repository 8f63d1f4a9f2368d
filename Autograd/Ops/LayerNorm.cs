using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

internal sealed class LayerNormOp(float eps) : Op
{
    public override string Name => "layer_norm";

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        LayerNorm.Forward.Takes(device, inputs[0]!.DType);

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        using var scope = Scope.Open();
        var (x, gamma, beta) = (inputs[0]!, Norms.Wide(inputs[1])!, Norms.Wide(inputs[2]));
        if (gamma.Rank < 1 || gamma.Rank > x.Rank || x.Shape[(x.Rank - gamma.Rank)..] != gamma.Shape
            || gamma.Count == 0)
            throw new ShapeException($"LayerNorm: the last axes of the input {x.Shape} are not the weight's, "
                + $"{gamma.Shape}");
        Norms.CheckParameter("LayerNorm", "weight", gamma, gamma.Shape, Norms.ParameterType(x));
        Norms.CheckParameter("LayerNorm", "bias", beta, gamma.Shape, Norms.ParameterType(x));
        var y = Tensor.Empty(x.Shape, x.DType, x.Device);
        var statistics = Tensor.Empty([x.Count / gamma.Count, 2], DType.Float64, x.Device);
        LayerNorm.Forward.Run(x.Device, x.DType, Args(x, gamma, beta, y.View, statistics));
        context.Save(x);
        context.Save(gamma);
        context.Save(beta);
        context.Save(statistics);
        return scope.Keep(y);
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var (x, gamma, beta) = (context.Saved(0), context.Saved(1), context.SavedOrNull(2));
        var dx = Norms.GradientOf(context, 0, x);
        var dGamma = Norms.GradientOf(context, 1, gamma);
        var dBeta = Norms.GradientOf(context, 2, beta);
        LayerNorm.Backward.Run(x.Device, x.DType, new(Args(x, gamma, beta, default, context.Saved(3)), dy.View,
            Norms.ViewOf(dx), Norms.ViewOf(dGamma), Norms.ViewOf(dBeta)));
        Norms.Set(context, dx, dGamma, dBeta);
    }

    private LayerNormArgs Args(Tensor x, Tensor gamma, Tensor? beta, View y, Tensor statistics) => new(x.View,
        gamma.View, Norms.ViewOf(beta), y, statistics.View, Norms.Length(x.Count / gamma.Count, "rows"),
        Norms.Length(gamma.Count, "elements of a row"), eps);
}

/// <summary>Layer normalisation.</summary>
public static class LayerNormOps
{
    extension(Tensor x)
    {
        /// <summary>Normalises over the last axes, those of <paramref name="weight"/>, to mean 0 and variance 1, then
        /// multiplies by the weight and adds the bias, element by element.</summary>
        /// <param name="weight">Gain, of the shape of the axes to normalise over: [C], or [H, W, C].</param>
        /// <param name="bias">Offset of the same shape; 0 when null.</param>
        /// <param name="eps">Added to the (biased) variance.</param>
        /// <exception cref="ShapeException">The input does not end with the weight's axes.</exception>
        /// <exception cref="DTypeException">The tensors are not of one type.</exception>
        /// <remarks>Ba, Kiros and Hinton 2016, https://arxiv.org/abs/1607.06450.</remarks>
        public Tensor LayerNorm(Tensor weight, Tensor? bias, float eps = 1e-5f) =>
            Op.Apply(new LayerNormOp(eps), x, weight, bias);
    }
}
