using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Feature maps of a batch with labels; whoever receives it disposes it.</summary>
/// <param name="Maps">The maps, [N, H, W, C] each, on the device of the network that made them.</param>
/// <param name="Labels">Int64 [N], on the CPU.</param>
/// <param name="Items">Positions of the images in their source.</param>
/// <param name="Number">The batch's place in its pass, from 0. A batch whose images are all broken is left out, and its
/// number with it.</param>
public sealed record LabelledFeatures(FeatureMaps Maps, Tensor Labels, IReadOnlyList<int> Items, int Number)
    : IDisposable
{
    /// <summary>Releases maps and labels.</summary>
    public void Dispose()
    {
        Maps.Dispose();
        Labels.Dispose();
    }
}
