using System.Text.Json.Serialization;

namespace Diffract.Tasks;

/// <summary>Everything that decides a comparison of layers.</summary>
public sealed record CkaRecipe
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<CkaRecipe> Json => CkaJson.Default.CkaRecipe;

    /// <summary>The layers of the rows. Its seed deals the images out to the batches of the minibatch estimators, too.
    /// </summary>
    public required FeatureInput Features { get; init; }

    /// <summary>The layers of the columns, of the same images; null for those of the rows.</summary>
    public FeatureInput? Against { get; init; }

    /// <summary>How similarity is estimated.</summary>
    public CkaEstimator Estimator { get; init; }

    /// <summary>Images in a batch of the minibatch estimators, and that a network reads at once.</summary>
    public int Batch { get; init; } = 100;

    /// <summary>Side maps are averaged to; 0 to compare them element by element.</summary>
    public int Pool { get; init; }

    /// <summary>At most so many images, evenly spread over the data; 0 for all.</summary>
    public int Images { get; init; } = 2500;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, UseStringEnumConverter = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(CkaRecipe))]
[JsonSerializable(typeof(CkaResult))]
internal sealed partial class CkaJson : JsonSerializerContext;
