using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Group normalisation over the last axis's groups and all positions (Wu and He 2018): statistics in float32,
/// biased variance. State: <c>weight</c> [C], <c>bias</c> [C].</summary>
public sealed class GroupNorm : Layer
{
    private readonly Parameter weight, bias;
    private readonly int groups;
    private readonly float epsilon;

    /// <summary>A group normalisation of <paramref name="channels"/> channels.</summary>
    /// <param name="channels">Length of the last axis.</param>
    /// <param name="groups">Must divide <paramref name="channels"/>.</param>
    /// <param name="epsilon">Added to the variance.</param>
    public GroupNorm(int channels, int groups = 32, float epsilon = 1e-5f)
    {
        if (groups < 1 || channels % groups != 0)
            throw new ArgumentException($"{channels} channels cannot be divided into {groups} groups");
        weight = Parameter("weight", [channels]);
        bias = Parameter("bias", [channels]);
        (this.groups, this.epsilon) = (groups, epsilon);
    }

    /// <summary>Normalises, modulates and activates in one pass: silu?(norm(x) * (1 + scale) + shift).</summary>
    /// <param name="x">[N, ..., C].</param>
    /// <param name="scaleShift">[N, 2C], the scales of all channels, then the shifts; null for neither.</param>
    /// <param name="silu">Ends with x * sigmoid(x).</param>
    /// <param name="inPlace">True when <paramref name="x"/> is not needed afterwards.</param>
    public Tensor Forward(Tensor x, Tensor? scaleShift, bool silu, bool inPlace = false)
    {
        using var _ = Anomaly.Enter(Name);
        return x.GroupNorm(groups, weight.Value, bias.Value, epsilon, scaleShift, silu, inPlace);
    }

    /// <inheritdoc/>
    protected override void InitialiseOwn(Generator generator)
    {
        Fill.WithConstant(weight, 1);
        Fill.WithZeros(bias);
    }

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => x.GroupNorm(groups, weight.Value, bias.Value, epsilon);
}
