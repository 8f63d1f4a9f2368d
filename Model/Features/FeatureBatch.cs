using Diffract.Engine;

namespace Diffract.Model;

/// <summary>The feature maps of one batch; whoever receives it disposes it.</summary>
/// <param name="Maps">The maps.</param>
/// <param name="Ids">Numbers of the images.</param>
/// <param name="Labels">[N] class labels, if known.</param>
public sealed record FeatureBatch(FeatureMaps Maps, IReadOnlyList<long> Ids, Tensor? Labels) : IDisposable
{
    /// <summary>Releases maps and labels.</summary>
    public void Dispose()
    {
        Maps.Dispose();
        Labels?.Dispose();
    }
}
