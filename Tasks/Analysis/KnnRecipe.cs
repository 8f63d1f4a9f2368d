using System.Text.Json.Serialization;

namespace Diffract.Tasks;

/// <summary>Everything that decides a classification by nearest neighbours.</summary>
public sealed record KnnRecipe
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<KnnRecipe> Json => KnnJson.Default.KnnRecipe;

    /// <summary>The images that vote.</summary>
    public required FeatureInput Train { get; init; }

    /// <summary>The images that are named.</summary>
    public required FeatureInput Test { get; init; }

    /// <summary>Numbers of neighbours.</summary>
    public IReadOnlyList<int> K { get; init; } = [20, 200];

    /// <summary>A neighbour's weight is exp(similarity / temperature).</summary>
    public double Temperature { get; init; } = 0.1;

    /// <summary>True to divide features by their length; false for the dot product of features as they are.</summary>
    public bool Cosine { get; init; } = true;

    /// <summary>Side maps are averaged to; 1 for their mean, 0 to keep them.</summary>
    public int Pool { get; init; } = 1;

    /// <summary>Images the network reads at once.</summary>
    public int Batch { get; init; } = 32;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(KnnRecipe))]
[JsonSerializable(typeof(KnnResult))]
internal sealed partial class KnnJson : JsonSerializerContext;
