using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Anything that gives numbered feature maps of images: a diffusion U-Net, a ResNet, a vision transformer.
/// Heads know nothing of backbones; they are told which maps they will get.</summary>
public interface IBackbone
{
    /// <summary>What every block gives, in order, for images of a size.</summary>
    /// <param name="input">Size of the images; the backbone's own when left out.</param>
    IReadOnlyList<FeatureInfo> Blocks(MapSize? input = null);

    /// <summary>Calculates feature maps. Gradients are recorded when the caller records them and a parameter wants one.
    /// </summary>
    /// <param name="images">[N, H, W, 3], -1 to 1, on any device.</param>
    /// <param name="ids">A number for each image, from which its noise is drawn.</param>
    /// <param name="spec">Which maps.</param>
    /// <param name="noise">Where noise comes from; backbones without noise ignore it.</param>
    /// <returns>The maps, in the order of <paramref name="spec"/>, on the backbone's device; they belong to the
    /// caller's scope.</returns>
    FeatureMaps Extract(Tensor images, IReadOnlyList<long> ids, FeatureSpec spec, NoiseSource noise);
}
