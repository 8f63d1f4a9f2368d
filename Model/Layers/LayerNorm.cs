using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Layer normalisation over the trailing axes (Ba et al. 2016), with a weight and a bias for each element.
/// State: <c>weight</c>, <c>bias</c>, both of the normalised shape.</summary>
public sealed class LayerNorm : Layer
{
    private readonly Parameter weight, bias;
    private readonly float epsilon;

    /// <summary>Normalises over axes of the given lengths, the input's last ones.</summary>
    /// <param name="shape">Lengths of the trailing axes.</param>
    /// <param name="epsilon">Added to the variance.</param>
    public LayerNorm(Shape shape, float epsilon = 1e-5f)
    {
        if (shape.Rank == 0) throw new ArgumentException("layer normalisation needs at least one axis");
        weight = Parameter("weight", shape);
        bias = Parameter("bias", shape);
        this.epsilon = epsilon;
    }

    /// <inheritdoc/>
    protected override void InitialiseOwn(Generator generator)
    {
        Fill.WithConstant(weight, 1);
        Fill.WithZeros(bias);
    }

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => x.LayerNorm(weight.Value, bias.Value, epsilon);
}
