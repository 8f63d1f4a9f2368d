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

    /// <summary>True for the smaller of the two fixed variances, that of the posterior, where none is learned.
    /// </summary>
    public bool SmallVariance { get; init; }

    /// <summary>What the network predicts: <c>epsilon</c> (the noise), <c>start</c> (the clean image) or
    /// <c>previous</c> (the mean of the step before). Checkpoints from before there was a choice do not say it.
    /// </summary>
    public string Predicts { get; init => field = value ?? "epsilon"; } = "epsilon";

    /// <summary>True for a network that is told steps of a process of 1000, whatever their number.</summary>
    public bool RescaleTimesteps { get; init; }

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
    /// <param name="loss">What training minimises.</param>
    /// <exception cref="DiffractException">There is no such prediction.</exception>
    public GaussianDiffusion Make(string respacing = "", LossType loss = LossType.RescaledMse) => new(
        NoiseSchedule.Named(Schedule, Timesteps).Respace(respacing),
        Predicts switch
        {
            "epsilon" => MeanType.Epsilon,
            "start" => MeanType.StartX,
            "previous" => MeanType.PreviousX,
            _ => throw new DiffractException(
                $"there is no prediction '{Predicts}'; there are epsilon, start and previous"),
        },
        LearnsVariance ? VarianceType.LearnedRange
            : SmallVariance ? VarianceType.FixedSmall : VarianceType.FixedLarge,
        loss,
        RescaleTimesteps);

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
