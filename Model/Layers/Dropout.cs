using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Sets elements to zero with a probability while training, and scales the others up (Srivastava et al. 2014).
/// Draws from the generator that <see cref="Module.UseGenerator"/> gave.</summary>
public sealed class Dropout : Layer
{
    /// <summary>Drops with probability <paramref name="probability"/>.</summary>
    public Dropout(double probability)
    {
        if (probability is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(probability), probability, "a dropout is in 0 <= p < 1");
        Probability = probability;
    }

    /// <summary>Share of the elements that is dropped.</summary>
    public double Probability { get; }

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x)
    {
        if (!Training || Probability == 0) return x;
        var generator = Generator ?? throw new InvalidOperationException($"dropout {Probability} needs random numbers "
            + "in training: call UseGenerator(...) on the network first");
        return x.Dropout(Probability, generator, training: true);
    }
}
