using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>The features a recipe asks for, with all that must stay open while they are read.</summary>
public sealed class OpenedFeatures : IDisposable
{
    private readonly DiffusionNetwork? network;
    private readonly BrokenImages? broken;

    private OpenedFeatures(IFeatureSource source, DiffusionNetwork? network = null, BrokenImages? broken = null) =>
        (Source, this.network, this.broken) = (source, network, broken);

    /// <summary>The features.</summary>
    public IFeatureSource Source { get; }

    /// <summary>What was assumed of the network, in words.</summary>
    public IReadOnlyList<string> Assumed => network?.Assumed ?? [];

    /// <summary>Images that could not be read so far, in words.</summary>
    public string Skipped => broken?.ToString() ?? "";

    /// <summary>Opens the feature file, or images and network, of a training recipe.</summary>
    /// <param name="recipe">Which.</param>
    /// <param name="device">Where the network is to be; the CPU when left out.</param>
    public static OpenedFeatures Of(TrainRecipe recipe, Device? device = null) => recipe.Features is { } file
        ? FromFile(file, recipe.Timesteps, recipe.Blocks)
        : FromImages(DataSource.Labelled(recipe.Data!, DatasetPart.Train), recipe.Network!, recipe.ImageSize,
            recipe.Timesteps, recipe.Blocks, recipe.ClassLabel, recipe.Seed, recipe.StopOnBrokenImage,
            recipe.Optimiser.RandomCrop, recipe.Optimiser.Flip, inference: recipe.Inference, device: device);

    /// <summary>Opens a feature file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="timesteps">Which timesteps; all of the file when null.</param>
    /// <param name="blocks">Which blocks; all of the file when null.</param>
    public static OpenedFeatures FromFile(string path, IReadOnlyList<int>? timesteps, IReadOnlyList<int>? blocks)
    {
        if (timesteps is null && blocks is null) return new OpenedFeatures(FeatureTable.Open(path));
        using var all = FeatureTable.Open(path);
        var spec = new FeatureSpec(timesteps ?? all.Spec.Timesteps, blocks ?? all.Spec.Blocks);
        return new OpenedFeatures(FeatureTable.Open(path, spec));
    }

    /// <summary>Opens images and the network that reads them.</summary>
    /// <param name="data">The images.</param>
    /// <param name="checkpoint">The network.</param>
    /// <param name="imageSize">Side of the images given to it, pixels; its own when null.</param>
    /// <param name="timesteps">Timesteps; 150 when null.</param>
    /// <param name="blocks">Blocks; 24 when null.</param>
    /// <param name="label">Class given to a class-conditional network.</param>
    /// <param name="seed">Of the noise.</param>
    /// <param name="stopOnBroken">Stops at the first image that cannot be read.</param>
    /// <param name="randomCrop">Random crops in training.</param>
    /// <param name="flip">Random mirroring in training.</param>
    /// <param name="pool">Side larger maps are averaged to; 0 to keep them.</param>
    /// <param name="inference">How the network uses the processor.</param>
    /// <param name="device">Where the network is to be; the CPU when left out.</param>
    public static OpenedFeatures FromImages(ImageDataset data, string checkpoint, int? imageSize,
        IReadOnlyList<int>? timesteps, IReadOnlyList<int>? blocks, int? label, ulong seed, bool stopOnBroken,
        bool randomCrop = false, bool flip = false, int pool = 0, InferenceRecipe? inference = null,
        Device? device = null)
    {
        var network = NetworkFile.Load(checkpoint, inference: inference, device: device);
        try
        {
            var spec = new FeatureSpec(timesteps ?? [150], blocks ?? [24]);
            network.CheckTimesteps(spec);
            var size = imageSize ?? network.Network.Config.ImageSize;
            var broken = new BrokenImages(stopOnBroken);
            var source = new ImageFeatures(network.Backbone(label), data, spec, size, seed, pool)
            {
                Network = network,
                RandomCrop = randomCrop,
                RandomFlip = flip,
                Broken = broken,
            };
            return new OpenedFeatures(source, network, broken);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Source.Dispose();
        network?.Dispose();
    }
}
