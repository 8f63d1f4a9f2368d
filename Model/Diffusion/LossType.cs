namespace Diffract.Model;

/// <summary>What training minimises.</summary>
public enum LossType
{
    /// <summary>The mean squared error of the prediction; plus the variational bound's term where the variance is
    /// learned, with gradients to the variance only.</summary>
    Mse,

    /// <summary>The same, but the bound's term is multiplied by steps / 1000, as if estimated over a full process.
    /// </summary>
    RescaledMse,

    /// <summary>The term of the variational bound.</summary>
    Kl,

    /// <summary>The term of the bound times the number of steps: an estimate of the whole bound.</summary>
    RescaledKl,
}
