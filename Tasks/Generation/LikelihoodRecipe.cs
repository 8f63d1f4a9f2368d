using System.Text.Json.Serialization;

namespace Diffract.Tasks;

/// <summary>Everything that decides how likely a network finds images.</summary>
public sealed record LikelihoodRecipe
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<LikelihoodRecipe> Json =>
        LikelihoodJson.Default.LikelihoodRecipe;

    /// <summary>Images: what <see cref="Datasets.Open"/> knows, or any folder of them.</summary>
    public required string Data { get; init; }

    /// <summary>Which part of a data set that has parts.</summary>
    public DatasetPart Part { get; init; }

    /// <summary>Checkpoint of the network.</summary>
    public required string Network { get; init; }

    /// <summary>Side of the images given to the network, pixels; null for its own.</summary>
    public int? ImageSize { get; init; }

    /// <summary>At most so many images, evenly spread over the data; 0 for all.</summary>
    public int Images { get; init; } = 64;

    /// <summary>Images at once. No image's number depends on it.</summary>
    public int Batch { get; init; } = 16;

    /// <summary>Class given to a class-conditional network for every image.</summary>
    public int? ClassLabel { get; init; }

    /// <summary>Seed of the noise.</summary>
    public ulong Seed { get; init; }

    /// <summary>How the network uses the processor.</summary>
    public InferenceRecipe Inference { get; init; } = new();

    /// <summary>True to stop at the first image that cannot be read; false to leave it out.</summary>
    public bool StopOnBrokenImage { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(LikelihoodRecipe))]
[JsonSerializable(typeof(LikelihoodResult))]
internal sealed partial class LikelihoodJson : JsonSerializerContext;
