using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Arguments of <see cref="Conv2d.Forward"/> and <see cref="Conv2d.InputGradient"/>.</summary>
public readonly struct Conv2dArgs : ICounted
{
    /// <summary>Forward: x [N, H, W, C]. Gradient: dy [N, H', W', F].</summary>
    public required View Input { get; init; }

    /// <summary>[F, C / groups, kH, kW].</summary>
    public required View Weight { get; init; }

    /// <summary>One value for each channel of the output; may be absent.</summary>
    public View Bias { get; init; }

    /// <summary>Added to the output, laid out like it; may be absent.</summary>
    public View Residual { get; init; }

    /// <summary>Forward: y [N, H', W', F]. Gradient: dx [N, H, W, C].</summary>
    public required View Output { get; init; }

    /// <summary>The weight as <see cref="Conv2d.Pack"/> left it in the <see cref="Conv2dForm"/> of this geometry
    /// and direction; may be absent.</summary>
    public View Packed { get; init; }

    /// <summary>Sums over the channels of the output that somebody wishes for; null for none.</summary>
    public ChannelSums? Sums { get; init; }

    /// <summary>Sizes and settings.</summary>
    public required Conv2dGeometry Geometry { get; init; }

    /// <inheritdoc/>
    public long Products => Geometry.Products;
}
