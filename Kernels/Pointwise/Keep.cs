namespace Diffract.Kernels;

/// <summary>What the gradient of a formula reads, hence what has to be kept until backward.</summary>
[Flags]
public enum Keep
{
    /// <summary>Nothing but the gradient of the result.</summary>
    None = 0,

    /// <summary>The only or the left operand.</summary>
    Input = 1,

    /// <summary>The right operand.</summary>
    Other = 2,

    /// <summary>The result.</summary>
    Output = 4,
}
