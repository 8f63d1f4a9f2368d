using System.Text.Json.Serialization;

namespace Diffract.Tasks;

/// <summary>Everything that decides pictures of features.</summary>
public sealed record MapsRecipe
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<MapsRecipe> Json => MapsJson.Default.MapsRecipe;

    /// <summary>Images, network, timesteps and blocks.</summary>
    public required FeatureInput Features { get; init; }

    /// <summary>Number of images, evenly spread over the data.</summary>
    public int Images { get; init; } = 4;

    /// <summary>An attention head whose attention is drawn too; null for none.</summary>
    public string? Head { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(MapsRecipe))]
[JsonSerializable(typeof(MapsResult))]
internal sealed partial class MapsJson : JsonSerializerContext;
