using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Chooses the steps to train on. Steps that are chosen more often than others get smaller weights, so that
/// the expected weighted loss is that of a uniform choice.</summary>
public abstract class TimestepSampler
{
    private protected TimestepSampler(int steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        Steps = steps;
    }

    /// <summary>Number of steps to choose from.</summary>
    public int Steps { get; }

    /// <summary>How often each step is to be chosen; positive, in any unit.</summary>
    public abstract double[] Weights();

    /// <summary>The loss weight of each step: 1 / (T p(t)).</summary>
    public double[] ImportanceWeights()
    {
        var weights = Weights();
        var sum = weights.Sum();
        return Array.ConvertAll(weights, weight => sum / (Steps * weight));
    }

    /// <summary>Draws steps for a batch.</summary>
    /// <param name="batch">Number of samples.</param>
    /// <param name="generator">Gives two numbers a sample.</param>
    public TimestepDraw Sample(int batch, Generator generator)
    {
        var weights = Weights();
        var importance = ImportanceWeights();
        var upTo = new double[Steps];
        double sum = 0;
        for (var t = 0; t < Steps; t++) upTo[t] = sum += weights[t];
        var chosen = new int[batch];
        for (var i = 0; i < batch; i++)
        {
            // 48 random bits, so that long schedules lose nothing to rounding.
            var uniform = generator.NextSingle() + generator.NextSingle() / (1L << 24);
            var found = Array.BinarySearch(upTo, uniform * sum);
            chosen[i] = Math.Min(found < 0 ? ~found : found + 1, Steps - 1);
        }
        return new TimestepDraw(chosen, Array.ConvertAll(chosen, t => importance[t]));
    }
}
