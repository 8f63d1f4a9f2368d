namespace Diffract.Model;

/// <summary>Where the variance of a denoising step comes from.</summary>
public enum VarianceType
{
    /// <summary>The network's second half of channels, -1 … 1, interpolates between the posterior's log variance and
    /// ln(beta) (Nichol and Dhariwal 2021, eq. 15).</summary>
    LearnedRange,

    /// <summary>The network's second half of channels is the log variance itself.</summary>
    Learned,

    /// <summary>beta_t; right for images that are noise.</summary>
    FixedLarge,

    /// <summary>The posterior's variance; right for images that are a single point.</summary>
    FixedSmall,
}
