using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>A wish that goes with a product or a convolution whose result a norm will read: sums over every channel of
/// every sample of the result as it stands in memory, rounded and with all that is added. A kernel that has them at
/// hand fills them in; where it has not, they stay as they are, and the norm makes a pass of its own.</summary>
/// <param name="memory">Float64 [samples, 2, channels]: receives the sums of x and of x².</param>
/// <param name="pixels">Positions of a sample, which follow one another in the result.</param>
public sealed class ChannelSums(View memory, int pixels)
{
    /// <summary>The sums, [samples, 2, channels].</summary>
    public View Memory => memory;

    /// <summary>Positions of a sample.</summary>
    public int Pixels => pixels;

    /// <summary>True when the sums were filled in.</summary>
    public bool IsFilled { get; internal set; }
}
