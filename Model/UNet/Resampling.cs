namespace Diffract.Model;

/// <summary>What a residual block does to the resolution.</summary>
public enum Resampling
{
    /// <summary>Keeps it.</summary>
    None,

    /// <summary>Halves it: mean of 2 x 2.</summary>
    Down,

    /// <summary>Doubles it: nearest neighbour.</summary>
    Up,
}
