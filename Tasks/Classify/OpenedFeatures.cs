using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>The features a recipe asks for, with all that must stay open while they are read.</summary>
public sealed class OpenedFeatures : IDisposable
{
    private readonly DiffusionNetwork? network;
    private readonly BrokenImages? broken;

    private OpenedFeatures(IFeatureSource source, DiffusionNetwork? network = null, BrokenImages? broken = null,
        DifFeed? feedback = null) =>
        (Source, this.network, this.broken, Feedback) = (source, network, broken, feedback);

    /// <summary>The features.</summary>
    public IFeatureSource Source { get; }

    /// <summary>Feedback networks, for <see cref="HeadFile.LoadFeedback"/>; null for none.</summary>
    public DifFeed? Feedback { get; }

    /// <summary>What was assumed of the network, in words.</summary>
    public IReadOnlyList<string> Assumed => network?.Assumed ?? [];

    /// <summary>Images that could not be read so far, in words.</summary>
    public string Skipped => broken?.ToString() ?? "";

    /// <summary>Opens the feature file, or images and network, of a training recipe.</summary>
    /// <param name="recipe">Which.</param>
    /// <param name="device">Where the network is to be; the CPU when left out.</param>
    public static OpenedFeatures Of(TrainRecipe recipe, Device? device = null) => recipe.Features is { } file
        ? FromFile(file, recipe.Timesteps, recipe.Blocks)
        : FromImages(DataSource.Labelled(recipe.Data!, DatasetPart.Train), ImageReading.Of(recipe), device);

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
    /// <param name="reading">How they are read.</param>
    /// <param name="device">Where the network is to be; the CPU when left out.</param>
    /// <exception cref="DiffractException">The network has no such timesteps, blocks or class, or cannot be trained.
    /// </exception>
    public static OpenedFeatures FromImages(ImageDataset data, ImageReading reading, Device? device = null)
    {
        if (reading is { FineTune: true, Inference.Memory: MemoryMode.Lean })
            throw new DiffractException("weights that are kept in 16 bits cannot be trained: leave --memory lean out");
        var isTrained = reading.TrainsFeedback || reading.FineTune;
        var precision = reading.Inference.Precision;
        var network = NetworkFile.Load(reading.Network, device: device, inference: reading.Inference with
        {
            Precision = isTrained ? precision.ForTraining(device ?? Device.Cpu) : precision,
        });
        DifFeed? feed = null;
        try
        {
            var spec = new FeatureSpec(reading.Timesteps ?? [150], reading.Blocks ?? [24]);
            network.CheckTimesteps(spec);
            var backbone = network.Backbone(reading.ClassLabel);
            feed = reading.Feedback?.Around(backbone, spec.Blocks);
            if (device is not null) feed?.To(device);
            var broken = new BrokenImages(reading.StopOnBrokenImage);
            var source = new ImageFeatures(feed is null ? backbone : feed, data, spec,
                reading.ImageSize ?? network.Network.Config.ImageSize, reading.Seed, reading.Pool)
            {
                Network = network,
                Trained = !isTrained ? null : new TrainedBackbone(reading.TrainsFeedback ? feed : null,
                    reading.FineTune ? network : null, spec.Blocks.Max(), reading.Seed)
                {
                    NeedsScaledLoss = network.Precision == NetworkPrecision.Float16,
                },
                RandomCrop = reading.RandomCrop,
                RandomFlip = reading.Flip,
                Broken = broken,
            };
            return new OpenedFeatures(source, network, broken, feed);
        }
        catch
        {
            feed?.Dispose();
            network.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Source.Dispose();
        Feedback?.Dispose();
        network?.Dispose();
    }
}
