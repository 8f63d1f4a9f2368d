namespace Diffract.Kernels;

/// <summary>How the losses of samples become one.</summary>
public enum Reduction
{
    /// <summary>They do not: one loss a sample.</summary>
    None,

    /// <summary>Their mean, over the samples that count.</summary>
    Mean,

    /// <summary>Their sum.</summary>
    Sum,
}
