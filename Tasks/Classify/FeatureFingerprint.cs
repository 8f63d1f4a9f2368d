using System.Text.Json.Serialization;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>What a training reads, kept with its run from the beginning: features of two networks must not be mixed,
/// and images that were learnt from must not become held-out ones.</summary>
public sealed record FeatureFingerprint
{
    /// <summary>File name of the network's checkpoint; empty when unknown.</summary>
    public required string Network { get; init; }

    /// <summary>SHA-256 of the checkpoint; empty when unknown.</summary>
    public required string NetworkSha256 { get; init; }

    /// <summary>SHA-256 of the names and labels of all images, in their order, and of the class names.</summary>
    public required string ImagesSha256 { get; init; }

    /// <summary>Number of images.</summary>
    public required int Images { get; init; }

    /// <summary>Timesteps.</summary>
    public required IReadOnlyList<int> Timesteps { get; init; }

    /// <summary>Block numbers.</summary>
    public required IReadOnlyList<int> Blocks { get; init; }

    /// <summary>Side of the images given to the network, pixels; 0 when unknown.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Side that larger maps were averaged to; 0 for none.</summary>
    public required int Pool { get; init; }

    /// <summary>Keeps what a run reads when it begins, and refuses another source when it goes on. A run of an earlier
    /// version, which kept nothing, is checked from then on.</summary>
    /// <param name="run">The run, held by the caller.</param>
    /// <param name="source">What it reads now.</param>
    /// <exception cref="DiffractException">It began with another network, other images or other maps.</exception>
    public static void Check(RunFolder run, IFeatureSource source)
    {
        var (now, path) = (Of(source), run.SourcePath);
        if (!File.Exists(path)) RecipeFile.Save(path, now, FingerprintJson.Default.FeatureFingerprint);
        else if (RecipeFile.Load(path, FingerprintJson.Default.FeatureFingerprint).Change(now) is { } change)
            throw new DiffractException($"{run.Path} cannot go on: {change}. Put back what it began with, or begin a "
                + "new run");
    }

    /// <summary>Describes a source.</summary>
    public static FeatureFingerprint Of(IFeatureSource source)
    {
        var origin = source.Origin;
        return new FeatureFingerprint
        {
            Network = origin.Network,
            NetworkSha256 = origin.NetworkSha256,
            ImagesSha256 = ImagesHash.Of(source),
            Images = source.Count,
            Timesteps = source.Spec.Timesteps,
            Blocks = source.Spec.Blocks,
            ImageSize = origin.ImageSize,
            Pool = origin.Pool,
        };
    }

    private string? Change(FeatureFingerprint now)
    {
        if (now.NetworkSha256 != NetworkSha256)
            return $"the network {now.Network} is another file than when it began (SHA-256 {Short(now.NetworkSha256)}, "
                + $"it was {Short(NetworkSha256)})";
        if (now.ImagesSha256 != ImagesSha256)
            return now.Images == Images
                ? "images or their classes have changed since it began"
                : $"there are {now.Images} images, and there were {Images} when it began";
        return now.Maps == Maps ? null : $"it reads {now.Maps}, and it read {Maps} when it began";
    }

    private string Maps => $"blocks {string.Join(", ", Blocks)} at timesteps {string.Join(", ", Timesteps)} of images "
        + $"of {ImageSize} pixels" + (Pool > 0 ? $", averaged to {Pool} x {Pool}" : "");

    private static string Short(string hash) => hash.Length > 8 ? $"{hash[..8]}..." : "unknown";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(FeatureFingerprint))]
internal sealed partial class FingerprintJson : JsonSerializerContext;
