using System.Text.Json.Serialization;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Everything that decides the training of a classifier of noised images.</summary>
public sealed record ClassifierRecipe
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<ClassifierRecipe> Json =>
        ClassifierJson.Default.ClassifierRecipe;

    /// <summary>Labelled images: what <see cref="Datasets.Open"/> knows.</summary>
    public required string Data { get; init; }

    /// <summary>Side of the square images, pixels.</summary>
    public int ImageSize { get; init; } = 64;

    /// <summary>Channels of the first level; a multiple of 32.</summary>
    public int Channels { get; init; } = 64;

    /// <summary>Channels of each level, as multiples of <see cref="Channels"/>.</summary>
    public IReadOnlyList<double> ChannelMult { get; init; } = [1, 2, 3, 4];

    /// <summary>Residual blocks a level.</summary>
    public int ResBlocks { get; init; } = 1;

    /// <summary>Sides of the maps with attention, pixels.</summary>
    public IReadOnlyList<int> AttentionSizes { get; init; } = [16, 8];

    /// <summary>Channels of one attention head.</summary>
    public int HeadChannels { get; init; } = 32;

    /// <summary>How the maps become one vector: <c>attention</c>, <c>adaptive</c>, <c>spatial</c> or
    /// <c>spatial-v2</c>.</summary>
    public string Pool { get; init; } = "attention";

    /// <summary>Dropout in the residual blocks.</summary>
    public float Dropout { get; init; }

    /// <summary>Noise schedule: <c>linear</c> or <c>cosine</c>; that of the network which it is to guide.</summary>
    public string Schedule { get; init; } = "linear";

    /// <summary>Diffusion timesteps.</summary>
    public int Timesteps { get; init; } = 1000;

    /// <summary>False for a classifier of clean images, which is told timestep 0.</summary>
    public bool Noised { get; init; } = true;

    /// <summary>Optimiser steps.</summary>
    public int Steps { get; init; } = 10_000;

    /// <summary>Images a step.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>Images at once.</summary>
    public int? Microbatch { get; init; }

    /// <summary>AdamW's learning rate.</summary>
    public double LearningRate { get; init; } = 3e-4;

    /// <summary>Lets the learning rate fall linearly to 0 at the last step.</summary>
    public bool Anneal { get; init; }

    /// <summary>AdamW's decoupled weight decay.</summary>
    public double WeightDecay { get; init; } = 0.05;

    /// <summary>Mirrors every other image.</summary>
    public bool Flip { get; init; } = true;

    /// <summary>Random crops instead of centred ones.</summary>
    public bool RandomCrop { get; init; }

    /// <summary>Share of each class that is not learnt from, but scored on at each checkpoint; 0 for none.</summary>
    public double Validation { get; init; } = 0.05;

    /// <summary>In which numbers the network calculates; see <see cref="PretrainRecipe.Precision"/>.</summary>
    public NetworkPrecision Precision { get; init; }

    /// <summary>Seed of the weights, the split, the order of the images, the noise and the timesteps.</summary>
    public ulong Seed { get; init; }

    /// <summary>Steps between checkpoints.</summary>
    public int SaveEvery { get; init; } = 1000;

    /// <summary>True to stop at the first image that cannot be read; false to skip, count and name it.</summary>
    public bool StopOnBrokenImage { get; init; }

    /// <summary>The process.</summary>
    [JsonIgnore]
    public DiffusionRecipe Diffusion => new() { Schedule = Schedule, Timesteps = Timesteps };

    /// <summary>The architecture.</summary>
    /// <param name="classes">Number of classes.</param>
    /// <exception cref="DiffractException">There is no such pool, or sizes do not fit each other.</exception>
    public EncoderUNetConfig NetworkConfig(int classes)
    {
        if (ImageSize % (1 << (ChannelMult.Count - 1)) != 0)
            throw new DiffractException($"{ChannelMult.Count} levels need an image size that is a multiple of "
                + $"{1 << (ChannelMult.Count - 1)}, found {ImageSize}");
        if (ChannelMult.FirstOrDefault(m => (int)(m * Channels) % 32 != 0 || (int)(m * Channels) % HeadChannels != 0)
            is > 0 and var odd)
            throw new DiffractException($"the channels of every level must be a multiple of 32 and of the "
                + $"{HeadChannels} channels of an attention head; {odd:g} x {Channels} is {odd * Channels:g}");
        return new EncoderUNetConfig
        {
            ImageSize = ImageSize,
            ModelChannels = Channels,
            ChannelMult = ChannelMult,
            NumResBlocks = ResBlocks,
            AttentionResolutions =
                [.. AttentionSizes.Where(s => s > 0 && ImageSize % s == 0).Select(s => ImageSize / s)],
            NumHeadChannels = HeadChannels,
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
