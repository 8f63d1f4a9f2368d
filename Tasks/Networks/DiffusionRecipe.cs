using System.Text.Json;
using System.Text.Json.Serialization;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>The diffusion process a network was trained with, kept in its checkpoint as JSON under the metadata key
/// <c>diffract.diffusion</c>. Published checkpoints have none, see <see cref="Of"/>.</summary>
public sealed record DiffusionRecipe
{
    /// <summary>The metadata key.</summary>
    public const string Key = "diffract.diffusion";

    /// <summary><c>linear</c> or <c>cosine</c>.</summary>
    public string Schedule { get; init; } = "linear";

    /// <summary>Number of timesteps.</summary>
    public int Timesteps { get; init; } = 1000;

    /// <summary>True for a network that predicts variances too.</summary>
    public bool LearnsVariance { get; init; } = true;

    /// <summary>The process of a network whose checkpoint says nothing of it: 1000 steps, with the schedule of the
    /// published network that it is.</summary>
    /// <param name="config">The network.</param>
    /// <param name="preset">Name of the published network; null for another.</param>
    public static DiffusionRecipe Of(UNetConfig config, string? preset) => new()
    {
        Schedule = UNetPresets.NoiseScheduleOf(preset),
        LearnsVariance = config.OutChannels == 2 * config.InChannels,
    };

    /// <summary>The process, with all its steps or respaced to fewer.</summary>
    /// <param name="respacing">Which steps to keep: <c>ddim25</c>, <c>250</c>; all when empty.</param>
    public GaussianDiffusion Make(string respacing = "") => new(
        NoiseSchedule.Named(Schedule, Timesteps).Respace(respacing),
        varianceType: LearnsVariance ? VarianceType.LearnedRange : VarianceType.FixedLarge,
        lossType: LossType.RescaledMse);

    /// <summary>As text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, DiffusionJson.Default.DiffusionRecipe);

    /// <summary>From a checkpoint's metadata; null when it says nothing.</summary>
    /// <exception cref="DiffractException">It says something that cannot be read.</exception>
    public static DiffusionRecipe? From(TensorFile file)
    {
        if (!file.Metadata.TryGetValue(Key, out var text)) return null;
        try
        {
            return JsonSerializer.Deserialize(text, DiffusionJson.Default.DiffusionRecipe);
        }
        catch (JsonException e)
        {
            throw new DiffractException($"{file.Path}: the metadata '{Key}' cannot be read: {e.Message}", e);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(DiffusionRecipe))]
internal sealed partial class DiffusionJson : JsonSerializerContext;
