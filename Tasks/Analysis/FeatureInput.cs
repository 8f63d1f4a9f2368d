using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Features that an analysis reads: a feature file or a folder of shards, or images and the network that makes
/// them.</summary>
public sealed record FeatureInput
{
    /// <summary>What <c>diffract features</c> wrote, or images as <see cref="Datasets.Open"/> takes them.</summary>
    public required string Path { get; init; }

    /// <summary>Which part of a data set that has parts.</summary>
    public DatasetPart Part { get; init; }

    /// <summary>Only so many of the images, evenly over the classes, chosen by <see cref="Seed"/>; null for all.
    /// </summary>
    public int? Count { get; init; }

    /// <summary>Checkpoint of the network that reads the images; null for a feature file.</summary>
    public string? Network { get; init; }

    /// <summary>Side of the images given to the network, pixels; null for its own.</summary>
    public int? ImageSize { get; init; }

    /// <summary>Timesteps (0-based); null for all of a feature file, and 150 of a network.</summary>
    public IReadOnlyList<int>? Timesteps { get; init; }

    /// <summary>Blocks (1-based); null for all.</summary>
    public IReadOnlyList<int>? Blocks { get; init; }

    /// <summary>Class given to a class-conditional network for every image.</summary>
    public int? ClassLabel { get; init; }

    /// <summary>Of the noise, and of the choice of <see cref="Count"/> images.</summary>
    public ulong Seed { get; init; }

    /// <summary>Seed of the noise where it is not <see cref="Seed"/>. Seed and position decide an image's noise: test
    /// images in that of the training images would each be a little like one of them.</summary>
    public ulong? NoiseSeed { get; init; }

    /// <summary>How the network uses the processor.</summary>
    public InferenceRecipe Inference { get; init; } = new();

    /// <summary>True to stop at the first image that cannot be read; false to leave it out.</summary>
    public bool StopOnBrokenImage { get; init; }

    /// <summary>True for a feature file or a folder of shards.</summary>
    public static bool HasFeatures(string path) =>
        FeatureCache.IsIn(path) || (File.Exists(path) && !PictureList.IsList(path));

    /// <summary>True for images: a folder, a list, or a selection of either.</summary>
    public static bool HasImages(string path) =>
        !HasFeatures(path) && (Directory.Exists(path) || Datasets.IsAnnotated(path));

    /// <summary>Opens the features.</summary>
    /// <param name="device">Where the network is to be.</param>
    /// <param name="pool">Side that a network's larger maps are averaged to at once; 0 to keep them.</param>
    /// <param name="labelled">Whether images must have labels.</param>
    /// <param name="augmentation">Whose random crops and mirroring images get in training; none when null.</param>
    /// <exception cref="DiffractException">It is neither, or lacks what is asked for.</exception>
    public OpenedFeatures Open(Device device, int pool = 0, bool labelled = false,
        OptimiserRecipe? augmentation = null)
    {
        if (HasFeatures(Path))
        {
            if (Network is not null)
                throw new DiffractException($"{Path} has features already: leave --network out");
            return OpenedFeatures.FromFile(Path, Sorted(Timesteps), Sorted(Blocks));
        }
        return OpenedFeatures.FromImages(Images(labelled), new ImageReading
        {
            Network = Network!,
            ImageSize = ImageSize,
            Timesteps = Sorted(Timesteps),
            Blocks = Sorted(Blocks) ?? AllBlocks(),
            ClassLabel = ClassLabel,
            Seed = NoiseSeed ?? Seed,
            StopOnBrokenImage = StopOnBrokenImage,
            RandomCrop = augmentation?.RandomCrop ?? false,
            Flip = augmentation?.Flip ?? false,
            Pool = pool,
            Inference = Inference,
        }, device);
    }

    /// <summary>The same, in noise that is not that of a feature file beside it.</summary>
    /// <param name="other">What is beside it.</param>
    public FeatureInput Beside(IFeatureSource other) =>
        other is FeatureTable { Header: { } file } && file.Seed == (NoiseSeed ?? Seed)
            ? this with { NoiseSeed = file.Seed + 1 }
            : this;

    /// <summary>The images that a network is to read.</summary>
    /// <param name="labelled">Whether they must have labels.</param>
    /// <exception cref="DiffractException">There are none, or no network is named.</exception>
    public ImageDataset Images(bool labelled)
    {
        if (!HasImages(Path))
            throw new DiffractException($"{Path}: there is no such feature file, nor images");
        if (Network is null)
            throw new DiffractException($"{Path} has images: --network is needed to read them");
        var all = labelled ? DataSource.Labelled(Path, Part) : DataSource.Any(Path, Part);
        return Count is { } count && count < all.Count ? Split.Balanced(all, count, Seed) : all;
    }

    /// <summary>All blocks of the network.</summary>
    public IReadOnlyList<int> AllBlocks() => [.. Enumerable.Range(1, Plan().Last)];

    /// <summary>The block between the network's encoder and its decoder.</summary>
    public int MiddleBlock() => Plan().Mid;

    /// <summary>Sizes of the maps that the network makes of the images, before they are averaged.</summary>
    internal IReadOnlyList<MapSize> MapSizes()
    {
        var plan = Plan();
        if (ImageSize is { } side) plan = plan.At(new MapSize(side, side));
        return [.. plan.Blocks.Where(b => Blocks?.Contains(b.Number) ?? true).Select(b => b.Out)];
    }

    // Names and shapes tell it; the numbers are not read.
    private UNetPlan Plan()
    {
        using var file = TensorFile.Open(Network!);
        return UNetPlan.For(Model.Networks.Detect(file).Config);
    }

    private static int[]? Sorted(IReadOnlyList<int>? numbers) => numbers is null ? null : [.. numbers.Order()];
}
