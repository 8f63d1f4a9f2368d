using System.Text.Json.Serialization;

namespace Diffract.Tasks;

/// <summary>Everything that decides a sweep of linear probes.</summary>
public sealed record SweepRecipe
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<SweepRecipe> Json =>
        SweepJson.Default.SweepRecipe;

    /// <summary>Labelled features: timesteps and blocks.</summary>
    public required FeatureInput Features { get; init; }

    /// <summary>Sides the maps are averaged to; a smaller map stays as it is.</summary>
    public IReadOnlyList<int> Pools { get; init; } = [1, 2, 4];

    /// <summary>Learning rates; every cell is given the best for it.</summary>
    public IReadOnlyList<double> Rates { get; init; } = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2];

    /// <summary>Optimiser, and augmentation where images are read in every epoch.</summary>
    public OptimiserRecipe Optimiser { get; init; } = OptimiserRecipe.Paper;

    /// <summary>Passes over the training split.</summary>
    public int Epochs { get; init; } = 28;

    /// <summary>Images a step, and that a network reads at once.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Share of each class that is held out to choose rate, epoch and cell.</summary>
    public double Validation { get; init; } = 0.1;

    /// <summary>Noise draws for each image and timestep that are stored before training; 0 draws noise, and mirrors
    /// images, anew in every epoch, for which the network runs in every epoch. Feature files have their own.</summary>
    public int Draws { get; init; } = 1;

    /// <summary>Of the probes, the split, the order and the noise.</summary>
    public ulong Seed { get; init; }

    /// <summary>The training of each probe, as <see cref="HeadTraining"/> takes it.</summary>
    [JsonIgnore]
    public TrainRecipe Training => new()
    {
        Optimiser = Optimiser,
        Epochs = Epochs,
        Batch = Batch,
        Validation = Validation,
        Seed = Seed,
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, UseStringEnumConverter = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(SweepRecipe))]
[JsonSerializable(typeof(SweepResult))]
[JsonSerializable(typeof(List<SweepEpoch>))]
internal sealed partial class SweepJson : JsonSerializerContext;
