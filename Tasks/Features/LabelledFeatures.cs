using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Feature maps of a batch with labels; whoever receives it disposes it.</summary>
/// <param name="Maps">The maps, [N, H, W, C] each.</param>
/// <param name="Labels">Int64 [N].</param>
/// <param name="Items">Positions of the images in their source.</param>
public sealed record LabelledFeatures(FeatureMaps Maps, Tensor Labels, IReadOnlyList<int> Items) : IDisposable
{
    /// <summary>Releases maps and labels.</summary>
    public void Dispose()
    {
        Maps.Dispose();
        Labels.Dispose();
    }
}
