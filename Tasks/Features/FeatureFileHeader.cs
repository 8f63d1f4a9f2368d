using System.Text.Json;
using System.Text.Json.Serialization;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>What a feature file says of itself, as JSON under the metadata key <c>diffract.features</c>.</summary>
public sealed record FeatureFileHeader
{
    /// <summary>The metadata key.</summary>
    public const string Key = "diffract.features";

    /// <summary>Version of the layout; readers refuse a newer one.</summary>
    public int Version { get; init; } = 1;

    /// <summary>File name of the checkpoint whose features these are.</summary>
    public required string Network { get; init; }

    /// <summary>SHA-256 of the checkpoint file, in lower-case hexadecimal.</summary>
    public required string NetworkSha256 { get; init; }

    /// <summary>Side of the square images the network was given, in pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Timesteps (0-based), ascending.</summary>
    public required IReadOnlyList<int> Timesteps { get; init; }

    /// <summary>Block numbers (1-based), ascending.</summary>
    public required IReadOnlyList<int> Blocks { get; init; }

    /// <summary>Noise draws for each image and timestep.</summary>
    public required int Draws { get; init; }

    /// <summary>Seed of the noise.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Side of the average-pooled maps; 0 when they are as the network made them.</summary>
    public required int Pool { get; init; }

    /// <summary>How images were cut to the network's size, in words.</summary>
    public required string Preprocessing { get; init; }

    /// <summary>Class label the network was given for every image; null for an unconditional one.</summary>
    public int? ClassLabel { get; init; }

    /// <summary>Class names; a label is an index into them. Empty for a folder without classes.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>The images, in the order of the rows: paths relative to the data folder, or item names.</summary>
    public required IReadOnlyList<string> Images { get; init; }

    /// <summary>Images that could not be read and are not in the file.</summary>
    public IReadOnlyList<string> Skipped { get; init; } = [];

    /// <summary>As text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, FeatureJson.Default.FeatureFileHeader);

    /// <summary>What goes with the tensors of the file.</summary>
    internal Dictionary<string, string> Metadata() => new() { [Key] = ToJson() };

    /// <summary>From text; null when it is not such a header.</summary>
    public static FeatureFileHeader? FromJson(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, FeatureJson.Default.FeatureFileHeader);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The header of an open file.</summary>
    /// <exception cref="DiffractException">It is no feature file, or a newer one.</exception>
    public static FeatureFileHeader Of(TensorFile file)
    {
        var header = file.Metadata.TryGetValue(Key, out var text) ? FromJson(text) : null;
        if (header is null)
            throw new DiffractException($"{file.Path} is no feature file: it lacks the metadata '{Key}' (make one with "
                + "diffract features)");
        return header.Version <= 1 ? header : throw new DiffractException(
            $"{file.Path} is a feature file of version {header.Version}; this program reads 1");
    }

    /// <summary>Name of the tensor with the maps of one timestep and block.</summary>
    public static string TensorName(int timestep, int block) => $"t{timestep}.b{block}";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(FeatureFileHeader))]
internal sealed partial class FeatureJson : JsonSerializerContext;
