using Diffract.Engine;

namespace Diffract.Model;

/// <summary>One feature map.</summary>
/// <param name="Block">The block it is from.</param>
/// <param name="Map">[N, H, W, C].</param>
public readonly record struct FeatureMap(int Block, Tensor Map);
