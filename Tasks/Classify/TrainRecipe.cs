using System.Text.Json.Serialization;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Everything that decides the training of a head, saved with the run.</summary>
public sealed record TrainRecipe
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<TrainRecipe> Json =>
        TrainJson.Default.TrainRecipe;

    /// <summary>A feature file; or null to read features from <see cref="Data"/> with <see cref="Network"/>.</summary>
    public string? Features { get; init; }

    /// <summary>Images with labels: a folder a class, an idx file, a CIFAR-10 folder.</summary>
    public string? Data { get; init; }

    /// <summary>Checkpoint of the network that makes the features.</summary>
    public string? Network { get; init; }

    /// <summary>Side of the images given to the network; null for the network's own.</summary>
    public int? ImageSize { get; init; }

    /// <summary>Timesteps (0-based), ascending; null for all of the feature file, or the paper's 150.</summary>
    public IReadOnlyList<int>? Timesteps { get; init; }

    /// <summary>Blocks (1-based), ascending; null for all of the feature file, or the paper's 24.</summary>
    public IReadOnlyList<int>? Blocks { get; init; }

    /// <summary>Class label given to a class-conditional network for every image.</summary>
    public int? ClassLabel { get; init; }

    /// <summary>The head.</summary>
    public HeadRecipe Head { get; init; } = new();

    /// <summary>Feedback into a second pass of the network (DifFeed); null for one pass.</summary>
    public FeedbackRecipe? Feedback { get; init; }

    /// <summary>True to train the network too, as far as its maps are read.</summary>
    public bool FineTune { get; init; }

    /// <summary>Learning rate of the network where it is trained; null for the rate of the head and the feedback. The
    /// search for a rate leaves it as it is, and it falls with the other.</summary>
    public double? NetworkRate { get; init; }

    /// <summary>Optimiser, rates and augmentation.</summary>
    public OptimiserRecipe Optimiser { get; init; } = OptimiserRecipe.Paper;

    /// <summary>Passes over the training split.</summary>
    public int Epochs { get; init; } = 28;

    /// <summary>Images a step.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Images at once, where a step's do not fit into memory; a divisor of <see cref="Batch"/>. Gradients of a
    /// step add up; batch normalisation sees a microbatch at a time.</summary>
    public int? Microbatch { get; init; }

    /// <summary>Images at once, in training and in validation.</summary>
    [JsonIgnore]
    public int AtOnce => Microbatch ?? Batch;

    /// <summary>Which of the training images have labels that may be used: a share (<c>0.01</c>), their number
    /// (<c>500</c>), or a file that lists them; null for all. See <see cref="LabelChoice"/>.</summary>
    public string? Labels { get; init; }

    /// <summary>Share of each class that is held out to choose the best epoch and the learning rate; 0 to hold out none
    /// and keep the last epoch.</summary>
    public double Validation { get; init; } = 0.1;

    /// <summary>Learning rates that are tried when none is given.</summary>
    public IReadOnlyList<double> SearchRates { get; init; } = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2];

    /// <summary>Epochs each tried learning rate is given.</summary>
    public int SearchEpochs { get; init; } = 5;

    /// <summary>Seed of the head's weights, the split, the order and the noise.</summary>
    public ulong Seed { get; init; }

    /// <summary>How the network uses the processor.</summary>
    public InferenceRecipe Inference { get; init; } = new();

    /// <summary>True to stop at the first image that cannot be read; false to skip, count and name it.</summary>
    public bool StopOnBrokenImage { get; init; }

    /// <summary>Whether something in front of the head is trained.</summary>
    [JsonIgnore]
    public bool TrainsBackbone => Feedback is not null || FineTune;

    /// <summary>The recipe with what a device decides, so that a run goes on in the same numbers, wherever that is.
    /// </summary>
    /// <param name="device">Where the run begins.</param>
    public TrainRecipe On(Device device)
    {
        if (Features is not null) return this;
        var precision = TrainsBackbone ? Inference.Precision.ForTraining(device)
            : Inference.Precision.ForInference(device);
        return this with { Inference = Inference with { Precision = precision } };
    }

    /// <summary>Microbatches of a step.</summary>
    /// <exception cref="DiffractException">The microbatch does not divide the batch.</exception>
    [JsonIgnore]
    public int StepParts => Microbatch is not { } micro ? 1
        : micro > 0 && Batch % micro == 0 ? Batch / micro
        : throw new DiffractException($"a batch of {Batch} images cannot be divided into microbatches of {micro}");
}
