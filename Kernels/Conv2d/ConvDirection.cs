namespace Diffract.Kernels;

/// <summary>The two ways through a convolution that use the weight.</summary>
public enum ConvDirection
{
    /// <summary>From the input to the output.</summary>
    Forward,

    /// <summary>From the output's gradient to the input's, which is also a transposed convolution's forward.</summary>
    InputGradient,
}
