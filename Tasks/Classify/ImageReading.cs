namespace Diffract.Tasks;

/// <summary>How a network reads images for a head.</summary>
public sealed record ImageReading
{
    /// <summary>Checkpoint of the network.</summary>
    public required string Network { get; init; }

    /// <summary>Side of the images given to the network, pixels; null for its own.</summary>
    public int? ImageSize { get; init; }

    /// <summary>Timesteps (0-based), ascending; null for 150.</summary>
    public IReadOnlyList<int>? Timesteps { get; init; }

    /// <summary>Blocks (1-based), ascending; null for 24.</summary>
    public IReadOnlyList<int>? Blocks { get; init; }

    /// <summary>Class given to a class-conditional network.</summary>
    public int? ClassLabel { get; init; }

    /// <summary>Seed of the noise.</summary>
    public ulong Seed { get; init; }

    /// <summary>Side larger maps are averaged to; 0 to keep them.</summary>
    public int Pool { get; init; }

    /// <summary>Random crops in training.</summary>
    public bool RandomCrop { get; init; }

    /// <summary>Random mirroring in training.</summary>
    public bool Flip { get; init; }

    /// <summary>Feedback into a second pass; null for one pass.</summary>
    public FeedbackRecipe? Feedback { get; init; }

    /// <summary>True to train feedback networks; false where they are loaded.</summary>
    public bool TrainsFeedback { get; init; }

    /// <summary>True to train the network.</summary>
    public bool FineTune { get; init; }

    /// <summary>How the network uses the processor.</summary>
    public InferenceRecipe Inference { get; init; } = new();

    /// <summary>True to stop at the first image that cannot be read; false to skip, count and name it.</summary>
    public bool StopOnBrokenImage { get; init; }

    /// <summary>What a training recipe says.</summary>
    /// <exception cref="InvalidOperationException">It names no network.</exception>
    public static ImageReading Of(TrainRecipe recipe) => new()
    {
        Network = recipe.Network ?? throw new InvalidOperationException("the recipe names no network"),
        ImageSize = recipe.ImageSize,
        Timesteps = recipe.Timesteps,
        Blocks = recipe.Blocks,
        ClassLabel = recipe.ClassLabel,
        Seed = recipe.Seed,
        RandomCrop = recipe.Optimiser.RandomCrop,
        Flip = recipe.Optimiser.Flip,
        Feedback = recipe.Feedback,
        TrainsFeedback = recipe.Feedback is not null,
        FineTune = recipe.FineTune,
        Inference = recipe.Inference,
        StopOnBrokenImage = recipe.StopOnBrokenImage,
    };

    /// <summary>What a head's file says: the features that it was trained on.</summary>
    /// <param name="header">The head's header.</param>
    /// <param name="network">Checkpoint of the network.</param>
    public static ImageReading Of(HeadFileHeader header, string network) => new()
    {
        Network = network,
        ImageSize = header.ImageSize > 0 ? header.ImageSize : null,
        Timesteps = header.Timesteps,
        Blocks = header.Blocks,
        ClassLabel = header.ClassLabel,
        Pool = header.FeaturePool,
        Feedback = header.Feedback,
    };
}
