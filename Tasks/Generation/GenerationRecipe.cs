using System.Text.Json.Serialization;

namespace Diffract.Tasks;

/// <summary>Everything that decides a comparison of generated images with real ones.</summary>
public sealed record GenerationRecipe
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<GenerationRecipe> Json =>
        GenerationJson.Default.GenerationRecipe;

    /// <summary>The real images, or their features.</summary>
    public required FeatureInput Real { get; init; }

    /// <summary>The generated images, or their features.</summary>
    public required FeatureInput Generated { get; init; }

    /// <summary>Checkpoint of FID's Inception network, which then reads images instead of a U-Net; null for none.
    /// </summary>
    public string? Inception { get; init; }

    /// <summary>At most so many images of each kind, evenly spread over the data; 0 for all.</summary>
    public int Images { get; init; }

    /// <summary>Side maps are averaged to; 1 for their mean.</summary>
    public int Pool { get; init; } = 1;

    /// <summary>Which nearest neighbour an image reaches to, for precision and recall, and how many real images are
    /// drawn beside a generated one.</summary>
    public int K { get; init; } = 3;

    /// <summary>Pairs of subsets of the kernel distance.</summary>
    public int Subsets { get; init; } = 100;

    /// <summary>Images in a subset; null for <see cref="KernelDistance.SizeFor"/>.</summary>
    public int? SubsetSize { get; init; }

    /// <summary>Generated images that are drawn beside their nearest real ones.</summary>
    public int Drawn { get; init; } = 16;

    /// <summary>Images the network reads at once.</summary>
    public int Batch { get; init; } = 16;

    /// <summary>Of subsets, and of the choice of real images that are compared with the others.</summary>
    public ulong Seed { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(GenerationRecipe))]
[JsonSerializable(typeof(GenerationResult))]
internal sealed partial class GenerationJson : JsonSerializerContext;
