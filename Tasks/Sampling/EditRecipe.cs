using System.Text.Json.Serialization;

namespace Diffract.Tasks;

/// <summary>Everything that decides the way of images to noise and back.</summary>
public sealed record EditRecipe
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<EditRecipe> Json =>
        EditJson.Default.EditRecipe;

    /// <summary>Image files, at least one.</summary>
    public required IReadOnlyList<string> Images { get; init; }

    /// <summary>Checkpoint of the network.</summary>
    public required string Network { get; init; }

    /// <summary>Side of the images given to the network, pixels; null for its own.</summary>
    public int? ImageSize { get; init; }

    /// <summary>Steps of DDIM each way.</summary>
    public int Steps { get; init; } = 100;

    /// <summary>Whether predicted images are limited to [-1, 1] in each step.</summary>
    public bool Clip { get; init; }

    /// <summary>Images from one to the other, both ends among them, where there are two; 0 for none.</summary>
    public int Points { get; init; }

    /// <summary>Class the images are read as, by a class-conditional network.</summary>
    public int? Label { get; init; }

    /// <summary>Class they are drawn as; null for <see cref="Label"/>.</summary>
    public int? ToLabel { get; init; }

    /// <summary>How the network uses the processor.</summary>
    public InferenceRecipe Inference { get; init; } = new();
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(EditRecipe))]
[JsonSerializable(typeof(IReadOnlyList<RoundTrip>))]
internal sealed partial class EditJson : JsonSerializerContext;
