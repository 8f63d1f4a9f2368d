using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Divergences and likelihoods of normal distributions, element by element, in nats; all differentiable.
/// </summary>
public static class GaussianMath
{
    // Half the distance of two byte values in [-1, 1].
    private const double HalfBin = 1.0 / 255;

    // Pixels beyond this are the extreme byte values, whose bins reach to infinity.
    private const double Extreme = 0.999;

    private const double SmallestProbability = 1e-12;

    /// <summary>KL(N(mean1, exp(logVariance1)) || N(mean2, exp(logVariance2))); shapes broadcast.</summary>
    public static Tensor NormalKl(Tensor mean1, Tensor logVariance1, Tensor mean2, Tensor logVariance2)
    {
        using var scope = Scope.Open();
        return scope.Keep(0.5 * (logVariance2 - logVariance1 - 1 + (logVariance1 - logVariance2).Exp()
            + (mean1 - mean2).Pow(2) * (-logVariance2).Exp()));
    }

    /// <summary>KL(N(mean, exp(logVariance)) || N(0, 1)); shapes broadcast.</summary>
    public static Tensor NormalKlToStandard(Tensor mean, Tensor logVariance)
    {
        using var scope = Scope.Open();
        return scope.Keep(0.5 * (-logVariance - 1 + logVariance.Exp() + mean.Pow(2)));
    }

    /// <summary>The standard normal's distribution function, 0.5 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))); at most
    /// 3e-4 off.</summary>
    public static Tensor ApproximateCdf(Tensor x)
    {
        using var scope = Scope.Open();
        return scope.Keep(0.5 * (1 + (Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x.Pow(3))).Tanh()));
    }

    /// <summary>The log probability of byte values under a normal distribution: its mass within half a byte value,
    /// and beyond the extreme ones all the rest (Ho et al. 2020, eq. 13). Probabilities count as 1e-12 at least.
    /// </summary>
    /// <param name="x">Images in [-1, 1] that were bytes.</param>
    /// <param name="mean">Means, of the same shape.</param>
    /// <param name="logScale">Logarithms of the standard deviations; broadcast.</param>
    public static Tensor DiscretizedLogLikelihood(Tensor x, Tensor mean, Tensor logScale)
    {
        using var scope = Scope.Open();
        var centred = x - mean;
        var precision = (-logScale).Exp();
        var upper = ApproximateCdf(precision * (centred + HalfBin));
        var lower = ApproximateCdf(precision * (centred - HalfBin));
        // One logarithm of the mass that counts: the log of a branch not taken would be thrown away.
        var mass = Tensor.Where(x.Less(-Extreme), upper, Tensor.Where(x.Greater(Extreme), 1 - lower, upper - lower));
        return scope.Keep(mass.Clamp(min: SmallestProbability).Log());
    }

    /// <summary>The mean over all axes but the first: [N, …] to [N].</summary>
    public static Tensor MeanOfSample(Tensor x)
    {
        using var scope = Scope.Open();
        return scope.Keep(x.Flatten(1).Mean(1));
    }
}
