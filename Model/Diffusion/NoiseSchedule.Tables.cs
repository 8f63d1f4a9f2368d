namespace Diffract.Model;

public sealed partial class NoiseSchedule
{
    private readonly double[] betas;
    private readonly int[] timesteps;
    private double[] alphasCumprod = [], alphasCumprodPrev = [], alphasCumprodNext = [];
    private double[] sqrtAlphasCumprod = [], sqrtOneMinusAlphasCumprod = [], logOneMinusAlphasCumprod = [];
    private double[] sqrtRecipAlphasCumprod = [], sqrtRecipm1AlphasCumprod = [];
    private double[] posteriorVariance = [], posteriorLogVarianceClipped = [];
    private double[] posteriorMeanCoef1 = [], posteriorMeanCoef2 = [];
    private double[] logBetas = [], largeVariance = [], largeLogVariance = [];

    /// <summary>Variance of the noise that step t adds.</summary>
    public ReadOnlySpan<double> Betas => betas;

    /// <summary>The step of the original process that step t is: what the network is told.</summary>
    public ReadOnlySpan<int> TimestepMap => timesteps;

    /// <summary>abar_t: the share of the image's variance that is left after step t.</summary>
    public ReadOnlySpan<double> AlphasCumprod => alphasCumprod;

    /// <summary>abar_{t-1}, 1 at t = 0.</summary>
    public ReadOnlySpan<double> AlphasCumprodPrev => alphasCumprodPrev;

    /// <summary>abar_{t+1}, 0 at the last step.</summary>
    public ReadOnlySpan<double> AlphasCumprodNext => alphasCumprodNext;

    /// <summary>sqrt(abar_t).</summary>
    public ReadOnlySpan<double> SqrtAlphasCumprod => sqrtAlphasCumprod;

    /// <summary>sqrt(1 - abar_t).</summary>
    public ReadOnlySpan<double> SqrtOneMinusAlphasCumprod => sqrtOneMinusAlphasCumprod;

    /// <summary>ln(1 - abar_t).</summary>
    public ReadOnlySpan<double> LogOneMinusAlphasCumprod => logOneMinusAlphasCumprod;

    /// <summary>sqrt(1 / abar_t).</summary>
    public ReadOnlySpan<double> SqrtRecipAlphasCumprod => sqrtRecipAlphasCumprod;

    /// <summary>sqrt(1 / abar_t - 1).</summary>
    public ReadOnlySpan<double> SqrtRecipm1AlphasCumprod => sqrtRecipm1AlphasCumprod;

    /// <summary>Variance of q(x_{t-1} | x_t, x_0): beta_t (1 - abar_{t-1}) / (1 - abar_t); 0 at t = 0.</summary>
    public ReadOnlySpan<double> PosteriorVariance => posteriorVariance;

    /// <summary>Its logarithm, with the value of step 1 at step 0, where the variance is 0 (beta_0 where there is only
    /// one step).</summary>
    public ReadOnlySpan<double> PosteriorLogVarianceClipped => posteriorLogVarianceClipped;

    /// <summary>Factor of x_0 in the posterior's mean: beta_t sqrt(abar_{t-1}) / (1 - abar_t).</summary>
    public ReadOnlySpan<double> PosteriorMeanCoef1 => posteriorMeanCoef1;

    /// <summary>Factor of x_t in the posterior's mean: (1 - abar_{t-1}) sqrt(alpha_t) / (1 - abar_t).</summary>
    public ReadOnlySpan<double> PosteriorMeanCoef2 => posteriorMeanCoef2;

    /// <summary>ln(beta_t): the upper end of the learned range of variances.</summary>
    public ReadOnlySpan<double> LogBetas => logBetas;

    /// <summary>The variance of <see cref="VarianceType.FixedLarge"/>: beta_t, but step 1's posterior variance at step
    /// 0, which gives a better decoder likelihood (Ho et al. 2020, section 3.2).</summary>
    public ReadOnlySpan<double> LargeVariance => largeVariance;

    /// <summary>Its logarithm.</summary>
    public ReadOnlySpan<double> LargeLogVariance => largeLogVariance;

    private void Fill()
    {
        if (betas.Length == 0) throw new ArgumentException("a schedule needs at least one step");
        foreach (var beta in betas)
            if (beta is not (> 0 and <= 1))
                throw new ArgumentException($"a beta must be above 0 and at most 1, found {beta}");
        alphasCumprod = new double[Steps];
        double product = 1;
        for (var t = 0; t < Steps; t++) alphasCumprod[t] = product *= 1 - betas[t];
        alphasCumprodPrev = [1, .. alphasCumprod[..^1]];
        alphasCumprodNext = [.. alphasCumprod[1..], 0];

        sqrtAlphasCumprod = Array.ConvertAll(alphasCumprod, Math.Sqrt);
        sqrtOneMinusAlphasCumprod = Array.ConvertAll(alphasCumprod, a => Math.Sqrt(1 - a));
        logOneMinusAlphasCumprod = Array.ConvertAll(alphasCumprod, a => Math.Log(1 - a));
        sqrtRecipAlphasCumprod = Array.ConvertAll(alphasCumprod, a => Math.Sqrt(1 / a));
        sqrtRecipm1AlphasCumprod = Array.ConvertAll(alphasCumprod, a => Math.Sqrt(1 / a - 1));

        posteriorVariance = PerStep(t => betas[t] * (1 - alphasCumprodPrev[t]) / (1 - alphasCumprod[t]));
        posteriorMeanCoef1 = PerStep(t => betas[t] * Math.Sqrt(alphasCumprodPrev[t]) / (1 - alphasCumprod[t]));
        posteriorMeanCoef2 = PerStep(t =>
            (1 - alphasCumprodPrev[t]) * Math.Sqrt(1 - betas[t]) / (1 - alphasCumprod[t]));
        var smallest = Steps > 1 ? posteriorVariance[1] : betas[0];
        posteriorLogVarianceClipped = [Math.Log(smallest), .. Array.ConvertAll(posteriorVariance[1..], Math.Log)];
        logBetas = Array.ConvertAll(betas, Math.Log);
        largeVariance = [smallest, .. betas[1..]];
        largeLogVariance = Array.ConvertAll(largeVariance, Math.Log);
    }

    private double[] PerStep(Func<int, double> formula)
    {
        var table = new double[Steps];
        for (var t = 0; t < Steps; t++) table[t] = formula(t);
        return table;
    }
}
