using System.Text.Json.Serialization;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Everything that decides the training of a classifier of noised images.</summary>
public sealed record ClassifierRecipe : UNetTrainingRecipe
{
    /// <summary>A recipe with learning rate and weight decay of guided-diffusion's classifiers.</summary>
    public ClassifierRecipe() => (LearningRate, WeightDecay) = (3e-4, 0.05);

    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<ClassifierRecipe> Json =>
        ClassifierJson.Default.ClassifierRecipe;

    /// <summary>How the maps become one vector: <c>attention</c>, <c>adaptive</c>, <c>spatial</c> or
    /// <c>spatial-v2</c>.</summary>
    public string Pool { get; init; } = "attention";

    /// <summary>False for a classifier of clean images, which is told timestep 0.</summary>
    public bool Noised { get; init; } = true;

    /// <summary>Share of each class that is not learnt from, but scored on at each checkpoint; 0 for none.</summary>
    public double Validation { get; init; } = 0.05;

    /// <summary>In which numbers the network calculates; see <see cref="PretrainRecipe.Precision"/>.</summary>
    public NetworkPrecision Precision { get; init; }

    /// <summary>The process.</summary>
    [JsonIgnore]
    public DiffusionRecipe Diffusion => new() { Schedule = Schedule, Timesteps = Timesteps };

    /// <summary>The architecture.</summary>
    /// <param name="classes">Number of classes.</param>
    /// <exception cref="DiffractException">There is no such pool, or sizes do not fit each other.</exception>
    public EncoderUNetConfig NetworkConfig(int classes)
    {
        CheckSizes();
        return new EncoderUNetConfig
        {
            ImageSize = ImageSize,
            ModelChannels = Channels,
            ChannelMult = ChannelMult,
            NumResBlocks = ResBlocks,
            AttentionResolutions = AttentionResolutions,
            NumHeadChannels = HeadChannels,
            NormGroups = NormGroups,
            OutChannels = classes,
            Dropout = Dropout,
            Pool = Pool switch
            {
                "attention" => EncoderPool.Attention,
                "adaptive" => EncoderPool.Adaptive,
                "spatial" => EncoderPool.Spatial,
                "spatial-v2" => EncoderPool.SpatialV2,
                _ => throw new DiffractException(
                    $"there is no pool '{Pool}'; there are attention, adaptive, spatial and spatial-v2"),
            },
        };
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(ClassifierRecipe))]
[JsonSerializable(typeof(ClassifierScores))]
internal sealed partial class ClassifierJson : JsonSerializerContext;
