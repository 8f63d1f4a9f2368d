using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>FID's Inception network as a source of features: images of any size are stretched to 299 x 299 by bilinear
/// interpolation without antialiasing, as the public PyTorch implementations of FID do it, and the map before the last
/// mean is block 1. It knows no noise: timesteps are [0].</summary>
/// <param name="network">The network.</param>
public sealed class InceptionBackbone(InceptionV3 network) : IBackbone
{
    /// <inheritdoc/>
    public IReadOnlyList<FeatureInfo> Blocks(MapSize? input = null) =>
        [new FeatureInfo(1, InceptionV3.Features, new MapSize(8, 8))];

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">Another block than 1 is asked for, or other timesteps than [0].</exception>
    public FeatureMaps Extract(Tensor images, IReadOnlyList<long> ids, FeatureSpec spec, NoiseSource noise)
    {
        if (spec.Timesteps is not [0] || spec.Blocks is not [1])
            throw new ArgumentException($"the Inception network has block 1 at timestep 0, found {spec}");
        using var scope = Scope.Open();
        images = images.To(network.Device);
        var side = InceptionV3.ImageSize;
        if (images.Shape[1] != side || images.Shape[2] != side) images = images.ResizeBilinear(side, side);
        return new FeatureMaps(1, network.Forward(images)).KeepIn(scope);
    }
}
