using System.Text.Json.Serialization;

namespace Diffract.Tasks;

/// <summary>Everything that decides a feature file.</summary>
public sealed record FeaturesRecipe
{
    /// <summary>Images: what <see cref="Datasets.Open"/> knows, or any folder of them.</summary>
    public required string Data { get; init; }

    /// <summary>Checkpoint of the network.</summary>
    public required string Network { get; init; }

    /// <summary>Side of the images given to the network, pixels; null for the network's own.</summary>
    public int? ImageSize { get; init; }

    /// <summary>Timesteps (0-based).</summary>
    public IReadOnlyList<int> Timesteps { get; init; } = [150];

    /// <summary>Blocks (1-based).</summary>
    public IReadOnlyList<int> Blocks { get; init; } = [24];

    /// <summary>Noise draws for each image and timestep.</summary>
    public int Draws { get; init; } = 1;

    /// <summary>Seed of the noise.</summary>
    public ulong Seed { get; init; }

    /// <summary>Side larger maps are averaged to; 0 to keep them as they are.</summary>
    public int Pool { get; init; }

    /// <summary>Stores 16-bit floats: half the size.</summary>
    public bool Half { get; init; }

    /// <summary>Images at once.</summary>
    public int Batch { get; init; } = 8;

    /// <summary>Class label given to a class-conditional network.</summary>
    public int? ClassLabel { get; init; }

    /// <summary>How the network uses the processor.</summary>
    public InferenceRecipe Inference { get; init; } = new();

    /// <summary>True to stop at the first image that cannot be read; false to skip, count and name it.</summary>
    public bool StopOnBrokenImage { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(FeaturesRecipe))]
internal sealed partial class FeaturesJson : JsonSerializerContext;
