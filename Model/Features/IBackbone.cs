using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Anything that gives numbered feature maps of images: a diffusion U-Net, a ResNet, a vision transformer.
/// Heads know nothing of backbones; they are told which maps they will get.</summary>
public interface IBackbone
{
    /// <summary>What every block gives, in order, for images of a size.</summary>
    /// <param name="input">Size of the images; the backbone's own when left out.</param>
    IReadOnlyList<FeatureInfo> Blocks(MapSize? input = null);

    /// <summary>The maps that <see cref="Extract"/> gives for a wish, in their order, at each time step.</summary>
    /// <param name="spec">Which maps.</param>
    /// <param name="input">Size of the images; the backbone's own when left out.</param>
    /// <exception cref="ArgumentException">A block does not exist.</exception>
    IReadOnlyList<FeatureInfo> Maps(FeatureSpec spec, MapSize? input = null)
    {
        var all = Blocks(input);
        return [.. spec.Blocks.Select(b => Find(all, b))];
    }

    /// <summary>Calculates feature maps. Gradients are recorded when the caller records them and a parameter wants one.
    /// </summary>
    /// <param name="images">[N, H, W, 3], -1 to 1, on any device.</param>
    /// <param name="ids">A number for each image, from which its noise is drawn.</param>
    /// <param name="spec">Which maps.</param>
    /// <param name="noise">Where noise comes from; backbones without noise ignore it.</param>
    /// <returns>The maps, in the order of <paramref name="spec"/>, on the backbone's device; they belong to the
    /// caller's scope.</returns>
    FeatureMaps Extract(Tensor images, IReadOnlyList<long> ids, FeatureSpec spec, NoiseSource noise);

    /// <summary>A block among all.</summary>
    /// <exception cref="ArgumentException">It does not exist.</exception>
    internal static FeatureInfo Find(IReadOnlyList<FeatureInfo> all, int block) => block >= 1 && block <= all.Count
        ? all[block - 1]
        : throw new ArgumentException($"the network has blocks 1 to {all.Count}, found block {block}");
}
