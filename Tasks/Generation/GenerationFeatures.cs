using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Features of real or of generated images, and the images themselves where they are there.</summary>
public sealed class GenerationFeatures : IDisposable
{
    private readonly OpenedFeatures? opened;
    private readonly InceptionV3? inception;
    private readonly BrokenImages? broken;

    private GenerationFeatures(IFeatureSource source, OpenedFeatures? opened = null, InceptionV3? inception = null,
        BrokenImages? broken = null) =>
        (Source, this.opened, this.inception, this.broken) = (source, opened, inception, broken);

    /// <summary>The features, of one timestep and block.</summary>
    public IFeatureSource Source { get; }

    /// <summary>The images; null for a feature file.</summary>
    public ImageDataset? Images { get; private init; }

    /// <summary>Side of the squares that the network reads, pixels; 0 for a feature file.</summary>
    public int Side { get; private init; }

    /// <summary>What gave the features: <c>unet.safetensors, t 10, block 7</c>.</summary>
    public string Network { get; private init; } = "";

    /// <summary>What was assumed of the network, in words.</summary>
    public IReadOnlyList<string> Assumed => opened?.Assumed ?? [];

    /// <summary>Images that could not be read so far, in words.</summary>
    public string Skipped => opened?.Skipped ?? broken?.ToString() ?? "";

    /// <summary>Opens a feature file, or images and the U-Net that reads them.</summary>
    /// <param name="input">Which, with one timestep and one block.</param>
    /// <param name="pool">Side that maps are averaged to.</param>
    /// <param name="device">Where the network is to be.</param>
    /// <exception cref="DiffractException">It is neither, or leaves several timesteps or blocks to choose from.
    /// </exception>
    public static GenerationFeatures Open(FeatureInput input, int pool, Device device)
    {
        var opened = input.Open(device, pool);
        try
        {
            if (opened.Source.Spec is not { Timesteps: [var timestep], Blocks: [var block] })
                throw new DiffractException($"{input.Path} has features of {opened.Source.Spec}: choose one with "
                    + "--timestep and --block");
            var name = opened.Source.Origin.Network is { Length: > 0 } known ? known : Path.GetFileName(input.Path);
            return new GenerationFeatures(opened.Source, opened)
            {
                Images = input.Network is null ? null : input.Images(labelled: false),
                Side = input.Network is null ? 0 : opened.Source.Origin.ImageSize,
                Network = $"{name}, t {timestep}, block {block}",
            };
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Opens images and FID's Inception network that reads them.</summary>
    /// <param name="input">The images. Without a size they are read as they are.</param>
    /// <param name="checkpoint">The network's checkpoint.</param>
    /// <param name="side">Side that images without a size must have, pixels; that of the first one when null.</param>
    /// <param name="device">Where the network is to be.</param>
    /// <exception cref="DiffractException">There are no such images, or it is another network.</exception>
    public static GenerationFeatures OpenInception(FeatureInput input, string checkpoint, int? side, Device device)
    {
        if (!FeatureInput.HasImages(input.Path))
            throw new DiffractException($"{input.Path}: no such images; the Inception network reads nothing else");
        var images = DataSource.Any(input.Path, input.Part);
        var size = input.ImageSize ?? side ?? ImagesOfOneSize.SideOf(images);
        if (input.ImageSize is null) images = new ImagesOfOneSize(images, size);
        var network = InceptionV3.Load(checkpoint, device);
        var broken = new BrokenImages(input.StopOnBrokenImage);
        var source = new ImageFeatures(new InceptionBackbone(network), images, new FeatureSpec([0], [1]), size, 0, 1)
        {
            Broken = broken,
        };
        return new GenerationFeatures(source, null, network, broken)
        {
            Images = images,
            Side = size,
            Network = "FID's Inception network",
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        opened?.Dispose();
        inception?.Dispose();
    }
}
