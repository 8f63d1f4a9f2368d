using System.Text.Json;
using System.Text.Json.Serialization;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>What a feature cache, or one shard of it, says of itself. Shards belong together when all but
/// <see cref="Shards"/> is the same, and of the recipe what decides the numbers.</summary>
public sealed record FeatureManifest
{
    /// <summary>Version of the layout; readers refuse a newer one.</summary>
    public int Version { get; init; } = 1;

    /// <summary>What was asked for.</summary>
    public required FeaturesRecipe Recipe { get; init; }

    /// <summary>SHA-256 of the checkpoint file.</summary>
    public required string NetworkSha256 { get; init; }

    /// <summary>The 16-bit type that the network calculated with; null for float32.</summary>
    public string? CalculatedIn { get; init; }

    /// <summary>SHA-256 of the names and labels of all images of the data set, in its order, and of its class names.
    /// </summary>
    public required string ImagesSha256 { get; init; }

    /// <summary>Images of the data set.</summary>
    public required int Images { get; init; }

    /// <summary>Number of shards the images are divided into.</summary>
    public required int Of { get; init; }

    /// <summary>The shards: one in the manifest of a shard, all of them in that of the cache.</summary>
    public IReadOnlyList<FeatureShard> Shards { get; init; } = [];

    /// <summary>Describes an extraction, without shards.</summary>
    public static FeatureManifest For(FeaturesRecipe recipe, DiffusionNetwork network, ImageDataset data, int of) =>
        new()
        {
            Recipe = recipe,
            NetworkSha256 = network.Sha256,
            CalculatedIn = network.Precision.Half?.ToString(),
            ImagesSha256 = ImagesHash.Of(data),
            Images = data.Count,
            Of = of,
        };

    /// <summary>Why a shard of another manifest does not belong to this one, in words; null when it does.</summary>
    public string? Difference(FeatureManifest other)
    {
        if (other.NetworkSha256 != NetworkSha256) return "it was made with another network";
        if (other.ImagesSha256 != ImagesSha256) return "it was made of other images";
        if (other.Of != Of) return $"it is one of {other.Of} shards, not of {Of}";
        return other.Decisive() == Decisive() ? null : "it was made with another recipe";
    }

    /// <summary>Writes it, whole or not at all.</summary>
    public void Save(string path) => RecipeFile.Save(path, this, FeatureManifestJson.Default.FeatureManifest);

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="DiffractException">It is missing, damaged or newer.</exception>
    public static FeatureManifest Load(string path)
    {
        var manifest = RecipeFile.Load(path, FeatureManifestJson.Default.FeatureManifest);
        return manifest.Version == 1 ? manifest
            : throw new DiffractException($"{path} is of version {manifest.Version}; this program reads 1");
    }

    /// <summary>Reads a manifest; null when it is missing, or as damaged as if it were.</summary>
    /// <exception cref="DiffractException">It is newer.</exception>
    internal static FeatureManifest? Find(string path)
    {
        try
        {
            return File.Exists(path) ? Load(path) : null;
        }
        catch (Exception e) when (e is RunException or FileNotFoundException)
        {
            return null;
        }
    }

    // Where images and network lie is not decisive: their hashes are compared. Nor is how many were read at once.
    private string Decisive() => CalculatedIn + JsonSerializer.Serialize(
        Recipe with { Data = "", Network = "", Batch = 1, StopOnBrokenImage = false },
        FeaturesJson.Default.FeaturesRecipe);
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(FeatureManifest))]
internal sealed partial class FeatureManifestJson : JsonSerializerContext;
