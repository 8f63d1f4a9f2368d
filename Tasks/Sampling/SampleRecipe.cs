using System.Text.Json.Serialization;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Everything that decides samples.</summary>
public sealed record SampleRecipe
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<SampleRecipe> Json =>
        SampleJson.Default.SampleRecipe;

    /// <summary>Checkpoint of the network.</summary>
    public required string Network { get; init; }

    /// <summary>Images to make.</summary>
    public int Count { get; init; } = 16;

    /// <summary>Number of the first: image i is the same whatever is made before it or beside it.</summary>
    public int First { get; init; }

    /// <summary>Images at once.</summary>
    public int Batch { get; init; } = 16;

    /// <summary>Side of the images, pixels; null for the network's own.</summary>
    public int? ImageSize { get; init; }

    /// <summary><c>dpm-solver</c> (DPM-Solver++(2M)), <c>ddim</c> or <c>ddpm</c>.</summary>
    public string Sampler { get; init; } = "dpm-solver";

    /// <summary>Denoising steps; null for the sampler's own number: 20, 50 or 250.</summary>
    public int? Steps { get; init; }

    /// <summary>Share of ancestral sampling's noise in ddim, 0 to 1.</summary>
    public double Eta { get; init; }

    /// <summary>Whether predicted images are limited to [-1, 1] in each step.</summary>
    public bool Clip { get; init; } = true;

    /// <summary>Class of all images; null for the classes in turn, where the network or the classifier knows
    /// classes.</summary>
    public int? Label { get; init; }

    /// <summary>Checkpoint of a classifier of noised images that guides; null for none.</summary>
    public string? Classifier { get; init; }

    /// <summary>How strongly it does.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Seed of the noise.</summary>
    public ulong Seed { get; init; }

    /// <summary>True for the numbers that PyTorch draws on a CPU after <c>torch.manual_seed</c>, batch by batch in its
    /// order of channels: then an image depends on the images before it and on the batch.</summary>
    public bool TorchNoise { get; init; }

    /// <summary>An image of which a part is drawn anew; null for none.</summary>
    public string? Inpaint { get; init; }

    /// <summary>An image that is bright where the other is to be drawn anew.</summary>
    public string? Mask { get; init; }

    /// <summary>Draws the way from noise to image for the first images.</summary>
    public bool GridOfSteps { get; init; }

    /// <summary>How the network uses the processor.</summary>
    public InferenceRecipe Inference { get; init; } = new();

    /// <summary>The steps that are made.</summary>
    [JsonIgnore]
    public int EffectiveSteps => Steps ?? Sampler switch { "ddpm" => 250, "ddim" => 50, _ => 20 };

    /// <summary>The sampler.</summary>
    /// <param name="process">What the network was trained for.</param>
    /// <param name="options">Guidance and inpainting; clipping is the recipe's.</param>
    /// <exception cref="DiffractException">There is no such sampler, or fewer steps than are asked for.</exception>
    public Sampler Make(DiffusionRecipe process, SamplingOptions? options = null)
    {
        options = (options ?? new SamplingOptions()) with { ClipDenoised = Clip };
        try
        {
            return Sampler switch
            {
                "dpm-solver" => new DpmSolverSampler(process.Make($"logsnr{EffectiveSteps}"), options),
                "ddim" => new DdimSampler(process.Make($"{EffectiveSteps}"), Eta, options),
                "ddpm" => new DdpmSampler(process.Make($"{EffectiveSteps}"), options),
                _ => throw new DiffractException(
                    $"there is no sampler '{Sampler}'; there are dpm-solver, ddim and ddpm"),
            };
        }
        catch (ArgumentException e)
        {
            throw new DiffractException($"{EffectiveSteps} steps: {e.Message}", e);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(SampleRecipe))]
internal sealed partial class SampleJson : JsonSerializerContext;
