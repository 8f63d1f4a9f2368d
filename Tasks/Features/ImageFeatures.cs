using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Feature maps that a backbone calculates from images whenever they are asked for, with fresh noise and
/// augmentation in every epoch of training.</summary>
/// <param name="backbone">Gives the maps.</param>
/// <param name="data">The images.</param>
/// <param name="spec">Timesteps and blocks.</param>
/// <param name="imageSize">Side of the square images given to the backbone.</param>
/// <param name="seed">Of the noise.</param>
/// <param name="pool">Side larger maps are averaged to; 0 to keep them.</param>
public sealed class ImageFeatures(
    IBackbone backbone, ImageDataset data, FeatureSpec spec, int imageSize, ulong seed, int pool = 0) : IFeatureSource
{
    /// <inheritdoc/>
    public FeatureSpec Spec => spec;

    /// <inheritdoc/>
    public IReadOnlyList<FeatureInfo> Blocks { get; } = Find(backbone, spec, imageSize, pool);

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes => data.ClassNames;

    /// <inheritdoc/>
    public int Count => data.Count;

    /// <summary>Side of the square images given to the backbone, pixels.</summary>
    public int ImageSize => imageSize;

    /// <summary>The file the backbone was read from; null when it comes from elsewhere.</summary>
    public DiffusionNetwork? Network { get; init; }

    /// <inheritdoc/>
    public FeatureOrigin Origin => new FeatureOrigin(imageSize, pool) with
    {
        Network = Network is { } file ? Path.GetFileName(file.Path) : "",
        NetworkSha256 = Network?.Sha256 ?? "",
        Noise = $"in training drawn anew for each image, timestep and epoch (seed {seed})",
    };

    /// <inheritdoc/>
    public TrainedBackbone? Trained { get; init; }

    /// <summary>Random crops in training.</summary>
    public bool RandomCrop { get; init; }

    /// <summary>Random mirroring in training.</summary>
    public bool RandomFlip { get; init; }

    /// <summary>The images that could not be read.</summary>
    public BrokenImages Broken { get; init; } = new();

    /// <inheritdoc/>
    public string Skipped => Broken.ToString();

    /// <inheritdoc/>
    public int Label(int index) => data.Label(index);

    /// <inheritdoc/>
    public string Id(int index) => data.Id(index);

    /// <inheritdoc/>
    public IEnumerable<LabelledFeatures> Batches(IReadOnlyList<int> items, FeaturePass pass,
        CancellationToken cancellation = default)
    {
        var options = new LoaderOptions
        {
            Size = imageSize,
            BatchSize = pass.BatchSize,
            Shuffle = pass.Training,
            RandomCrop = pass.Training && RandomCrop,
            RandomFlip = pass.Training && RandomFlip,
            Seed = pass.Seed,
        };
        var noise = new NoiseSource(seed, pass.Training ? pass.Epoch + 1 : pass.Draw);
        var loader = new Loader(new Subset(data, items), options, Broken);
        foreach (var batch in loader.Epoch(pass.Training ? pass.Epoch : 0, pass.FirstBatch, cancellation))
            using (batch)
            {
                pass.Before?.Invoke(batch.Number);
                if (pass.Training) Trained?.Train(pass.Epoch, batch.Number);
                else Trained?.Eval();
                var records = pass.Training && Trained is not null;
                yield return Calculate(batch, [.. batch.Indices.Select(i => items[i])], noise, records, cancellation);
            }
    }

    /// <summary>Nothing of its own: backbone and data belong to others.</summary>
    public void Dispose() { }

    private LabelledFeatures Calculate(Batch batch, int[] items, NoiseSource noise, bool records,
        CancellationToken cancellation)
    {
        using var stop = Cancellation.Use(cancellation);
        using var mode = records ? GradMode.Yes() : GradMode.No();
        using var scope = Scope.Open();
        var maps = backbone.Extract(batch.Images, [.. items.Select(i => (long)i)], spec, noise)
            .Select(map => map.AveragedToAtMost(pool));
        return new LabelledFeatures(maps.Detach(), Scope.Detach(batch.Labels.Clone()), items, batch.Number);
    }

    private static FeatureInfo[] Find(IBackbone backbone, FeatureSpec spec, int size, int pool)
    {
        try
        {
            return [.. backbone.Maps(spec, new MapSize(size, size))
                .Select(map => map with { Size = map.Size.AtMost(pool) })];
        }
        catch (ArgumentException e)
        {
            throw new DiffractException(e.Message, e);
        }
    }
}
