namespace Diffract.Model;

/// <summary>Chooses every step equally often; all weights are 1.</summary>
/// <param name="steps">Number of steps to choose from.</param>
public sealed class UniformSampler(int steps) : TimestepSampler(steps)
{
    /// <inheritdoc/>
    public override double[] Weights()
    {
        var weights = new double[Steps];
        Array.Fill(weights, 1);
        return weights;
    }
}
