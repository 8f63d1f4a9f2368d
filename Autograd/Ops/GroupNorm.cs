using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

internal sealed class GroupNormOp(int groups, float eps, bool silu, bool inPlace) : Op
{
    public override string Name => "group_norm";

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        GroupNorm.Forward.Takes(device, inputs[0]!.DType);

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        using var scope = Scope.Open();
        var x = inputs[0]!;
        var (gamma, beta, scaleShift) = (Norms.Wide(inputs[1]), Norms.Wide(inputs[2]), Norms.Wide(inputs[3]));
        Check(x, gamma, beta, scaleShift);
        var sums = ChannelMoments.Of(x);
        var y = inPlace && InPlace.MayTake(x, context) ? InPlace.Take(x) : Tensor.Empty(x.Shape, x.DType, x.Device);
        var statistics = Tensor.Empty([x.Shape[0], groups, 2], DType.Float64, x.Device);
        GroupNorm.Forward.Run(x.Device, x.DType, Args(x, gamma, beta, scaleShift, y.View, statistics) with
        {
            Sums = sums,
        });
        context.Save(x);
        context.Save(gamma);
        context.Save(beta);
        context.Save(scaleShift);
        context.Save(statistics);
        return scope.Keep(y);
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var (x, gamma, beta) = (context.Saved(0), context.SavedOrNull(1), context.SavedOrNull(2));
        var scaleShift = context.SavedOrNull(3);
        var dx = Norms.GradientOf(context, 0, x);
        var dGamma = Norms.GradientOf(context, 1, gamma);
        var dBeta = Norms.GradientOf(context, 2, beta);
        var dScaleShift = Norms.GradientOf(context, 3, scaleShift);
        GroupNorm.Backward.Run(x.Device, x.DType, new(Args(x, gamma, beta, scaleShift, default, context.Saved(4)),
            dy.View, Norms.ViewOf(dx), Norms.ViewOf(dGamma), Norms.ViewOf(dBeta), Norms.ViewOf(dScaleShift)));
        Norms.Set(context, dx, dGamma, dBeta, dScaleShift);
    }

    private GroupNormArgs Args(Tensor x, Tensor? gamma, Tensor? beta, Tensor? scaleShift, View y, Tensor statistics)
    {
        var (batch, channels) = (x.Shape.Int(0), x.Shape.Int(-1));
        return new(x.View, Norms.ViewOf(gamma), Norms.ViewOf(beta), Norms.ViewOf(scaleShift), y, statistics.View, batch,
            Norms.Length(x.Count / Math.Max(1, (long)batch * channels), "positions"), channels, groups, eps, silu);
    }

    private void Check(Tensor x, Tensor? gamma, Tensor? beta, Tensor? scaleShift)
    {
        if (x.Rank < 2)
            throw new ShapeException($"GroupNorm: the input must be [N, ..., C], found {x.Shape}");
        var (channels, type) = (x.Shape[^1], Norms.ParameterType(x));
        if (groups < 1 || channels % groups != 0 || channels == 0)
            throw new ShapeException($"GroupNorm: {channels} channels cannot be cut into {groups} equal groups");
        if (x.Count == 0 && x.Shape[0] != 0)
            throw new ShapeException($"GroupNorm: {x.Shape} has no positions to take a mean of");
        Norms.CheckParameter("GroupNorm", "weight", gamma, [channels], type);
        Norms.CheckParameter("GroupNorm", "bias", beta, [channels], type);
        Norms.CheckParameter("GroupNorm", "scaleShift", scaleShift, [x.Shape[0], 2 * channels], type);
    }
}

/// <summary>Group normalisation.</summary>
public static class GroupNormOps
{
    extension(Tensor x)
    {
        /// <summary>Normalises every group of neighbouring channels of every sample to mean 0 and variance 1, then
        /// applies, in one pass, what usually follows:
        /// y = f((norm · weight + bias)(1 + scale) + shift), f = SiLU when asked for.</summary>
        /// <param name="groups">Number of groups; divides C.</param>
        /// <param name="weight">Gain [C]; 1 when null.</param>
        /// <param name="bias">Offset [C]; 0 when null.</param>
        /// <param name="eps">Added to the (biased) variance.</param>
        /// <param name="scaleShift">[N, 2C], scale in the first half and shift in the second; neither when null.
        /// </param>
        /// <param name="silu">True to end with SiLU.</param>
        /// <param name="inPlace">True when the input is not needed afterwards: the result takes its memory, unless a
        /// backward or another tensor needs it.</param>
        /// <returns>[N, ..., C] like the input, which may have any number of axes from 2.</returns>
        /// <exception cref="ShapeException">C is not divisible, or a parameter has another shape.</exception>
        /// <exception cref="DTypeException">The tensors are not of one type.</exception>
        /// <remarks>Wu and He 2018, https://arxiv.org/abs/1803.08494; scale and shift as in Dhariwal and Nichol 2021,
        /// https://arxiv.org/abs/2105.05233.</remarks>
        public Tensor GroupNorm(int groups, Tensor? weight, Tensor? bias, float eps = 1e-5f,
            Tensor? scaleShift = null, bool silu = false, bool inPlace = false) =>
            Op.Apply(new GroupNormOp(groups, eps, silu, inPlace), x, weight, bias, scaleShift);
    }
}
