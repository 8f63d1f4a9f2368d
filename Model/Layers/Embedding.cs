using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>A table of vectors that integers look up. State: <c>weight</c> [count, features].</summary>
public sealed class Embedding : Layer
{
    private readonly Parameter weight;

    /// <summary>A table of <paramref name="count"/> vectors.</summary>
    public Embedding(int count, int features) => weight = Parameter("weight", [count, features]);

    /// <summary>Number of vectors.</summary>
    public int Count => weight.Shape.Int(0);

    /// <summary>[count, features].</summary>
    public Tensor Weight => weight.Value;

    /// <inheritdoc/>
    protected override void InitialiseOwn(Generator generator) => Fill.WithNormal(weight, generator);

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => weight.Value.Embedding(x);
}
