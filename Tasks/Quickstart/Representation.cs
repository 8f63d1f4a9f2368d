using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>One way to see images: raw pixels, or a network's feature maps.</summary>
/// <param name="Name">For tables.</param>
/// <param name="Backbone">Gives the maps.</param>
/// <param name="Timesteps">Timesteps that are tried.</param>
/// <param name="Blocks">Blocks that are tried.</param>
/// <param name="Pools">Sides the linear head's maps are averaged to, tried in turn.</param>
public sealed record Representation(string Name, IBackbone Backbone, IReadOnlyList<int> Timesteps,
    IReadOnlyList<int> Blocks, IReadOnlyList<int> Pools)
{
    /// <summary>The images themselves.</summary>
    public static Representation Pixels(int size) =>
        new("raw pixels", new PixelBackbone(size), [0], [1], [4, 8, 16, 32]);

    /// <summary>All blocks of a U-Net at some timesteps.</summary>
    public static Representation OfNetwork(string name, DiffusionBackbone backbone, IReadOnlyList<int> timesteps) =>
        new(name, backbone, timesteps, [.. backbone.Blocks().Select(b => b.Block)], [2, 4, 8]);

    private sealed class PixelBackbone(int size) : IBackbone
    {
        public IReadOnlyList<FeatureInfo> Blocks(MapSize? input = null) =>
            [new FeatureInfo(1, 3, input ?? new MapSize(size, size))];

        public FeatureMaps Extract(Tensor images, IReadOnlyList<long> ids, FeatureSpec spec, NoiseSource noise) =>
            new([.. spec.Timesteps.Select(_ => (IReadOnlyList<FeatureMap>)[new FeatureMap(1, images.Clone())])]);
    }
}
