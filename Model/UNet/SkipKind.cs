namespace Diffract.Model;

/// <summary>The convolution on a residual block's shortcut, where the number of channels changes.</summary>
public enum SkipKind
{
    /// <summary>1 x 1.</summary>
    Auto,

    /// <summary>3 x 3.</summary>
    Conv3x3,
}
