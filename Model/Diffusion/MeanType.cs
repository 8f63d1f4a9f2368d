namespace Diffract.Model;

/// <summary>What a diffusion network predicts.</summary>
public enum MeanType
{
    /// <summary>The noise in x_t.</summary>
    Epsilon,

    /// <summary>The clean image x_0.</summary>
    StartX,

    /// <summary>The mean of x_{t-1}.</summary>
    PreviousX,
}
