using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Arguments of <see cref="Conv2d.WeightGradient"/>.</summary>
/// <param name="X">[N, H, W, C].</param>
/// <param name="DY">[N, H', W', F].</param>
/// <param name="DWeight">[F, C / groups, kH, kW], overwritten.</param>
/// <param name="Geometry">Sizes and settings.</param>
public readonly record struct Conv2dWeightGradientArgs(View X, View DY, View DWeight, Conv2dGeometry Geometry)
    : ICounted
{
    /// <inheritdoc/>
    public long Products => Geometry.Products;
}
