using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>A module that turns one tensor into one tensor.</summary>
public abstract class Layer : Module
{
    /// <summary>Runs the layer.</summary>
    public Tensor Forward(Tensor x)
    {
        using var _ = Anomaly.Enter(Name);
        return Compute(x);
    }

    /// <summary>The layer's calculation.</summary>
    protected abstract Tensor Compute(Tensor x);
}
