using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>y = x W^T + b on the last axis. State: <c>weight</c> [out, in], <c>bias</c> [out].</summary>
public sealed class Linear : Layer, IWeighted
{
    private readonly Parameter weight;
    private readonly Parameter? bias;
    private readonly bool zero;

    /// <summary>A linear layer.</summary>
    /// <param name="inFeatures">Length of the input's last axis.</param>
    /// <param name="outFeatures">Length of the output's last axis.</param>
    /// <param name="bias">Adds a bias.</param>
    /// <param name="zero">Starts from zeros instead of random numbers.</param>
    public Linear(int inFeatures, int outFeatures, bool bias = true, bool zero = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inFeatures);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outFeatures);
        weight = Parameter("weight", [outFeatures, inFeatures]);
        this.bias = bias ? Parameter("bias", [outFeatures]) : null;
        this.zero = zero;
    }

    /// <summary>[out, in].</summary>
    public Tensor Weight => weight.Value;

    /// <summary>[out], or null.</summary>
    public Tensor? Bias => bias?.Value;

    Parameter IWeighted.Weights => weight;

    /// <inheritdoc/>
    protected override void InitialiseOwn(Generator generator)
    {
        if (zero)
        {
            Fill.WithZeros(weight);
            Fill.WithZeros(bias);
            return;
        }
        Fill.ByFanIn(weight, weight.Shape[1], generator);
        Fill.ByFanIn(bias, weight.Shape[1], generator);
    }

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => x.Linear(Weight, Bias);
}
