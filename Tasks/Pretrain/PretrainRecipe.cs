using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Everything that decides a pretraining run, saved with it.</summary>
public sealed record PretrainRecipe
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<PretrainRecipe> Json =>
        PretrainJson.Default.PretrainRecipe;

    /// <summary>Folder of images (with or without class folders), an idx file, or a CIFAR-10 folder.</summary>
    public required string Data { get; init; }

    /// <summary>First item of the data that is used.</summary>
    public int From { get; init; }

    /// <summary>One past the last item that is used; null for all.</summary>
    public int? To { get; init; }

    /// <summary>Side of the square training images, pixels.</summary>
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

    /// <summary>Trains a class-conditional network on the data's labels.</summary>
    public bool ClassConditional { get; init; }

    /// <summary>Dropout in the residual blocks.</summary>
    public float Dropout { get; init; }

    /// <summary>Noise schedule: <c>linear</c> or <c>cosine</c>.</summary>
    public string Schedule { get; init; } = "linear";

    /// <summary>Diffusion timesteps.</summary>
    public int Timesteps { get; init; } = 1000;

    /// <summary><c>hybrid</c> (Nichol and Dhariwal 2021: mean squared error of the prediction plus the variational
    /// bound for a learned variance), <c>simple</c> (the error alone, fixed variance) or <c>kl</c> (the bound
    /// alone, learned variance).</summary>
    public string Loss { get; init; } = "hybrid";

    /// <summary>What the network predicts: <c>epsilon</c>, <c>start</c> or <c>previous</c>; see
    /// <see cref="DiffusionRecipe.Predicts"/>. Runs that began before there was a choice do not say it.</summary>
    public string Predict { get; init => field = value ?? "epsilon"; } = "epsilon";

    /// <summary>The smaller of the two fixed variances, with <see cref="Loss"/> <c>simple</c>.</summary>
    public bool SmallVariance { get; init; }

    /// <summary>Tells the network steps of a process of 1000, whatever their number.</summary>
    public bool RescaleTimesteps { get; init; }

    /// <summary>How timesteps are drawn: <c>uniform</c> or <c>loss-second-moment</c>.</summary>
    public string Sampler { get; init; } = "uniform";

    /// <summary>Adds the mean gradients of microbatches up, as the original does, instead of averaging them.</summary>
    public bool SumMicrobatches { get; init; }

    /// <summary>Optimiser steps.</summary>
    public int Steps { get; init; } = 10_000;

    /// <summary>Images a step.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>Images that pass through the network at once; their gradients add up to a step's.</summary>
    public int? Microbatch { get; init; }

    /// <summary>AdamW's learning rate.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>Steps of the linear rise to <see cref="LearningRate"/>.</summary>
    public int Warmup { get; init; }

    /// <summary>Lets the learning rate fall linearly to 0 at the last step.</summary>
    public bool Anneal { get; init; }

    /// <summary>AdamW's decoupled weight decay.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Largest norm of a step's gradient; null to leave it.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>Decay of the moving average of the weights.</summary>
    public double EmaRate { get; init; } = 0.9999;

    /// <summary>Decays of further averages; each becomes a file, <c>ema-0.999.safetensors</c>. Runs that began before
    /// there were such do not say it.</summary>
    public IReadOnlyList<double> OtherEmaRates { get; init => field = value ?? []; } = [];

    /// <summary>Mirrors every other image.</summary>
    public bool Flip { get; init; } = true;

    /// <summary>Random crops instead of centred ones.</summary>
    public bool RandomCrop { get; init; }

    /// <summary>Runs residual blocks again in backward instead of keeping their activations.</summary>
    public bool Recompute { get; init; }

    /// <summary>Bytes that training may take; null for no limit. Smaller microbatches, then <see cref="Recompute"/>,
    /// make it fit, see <see cref="PretrainMemory"/>.</summary>
    public long? MemoryBudget { get; init; }

    /// <summary>In which numbers the network calculates; parameters, gradients, optimiser and average are float32 with
    /// each. Null for float32, as in recipes of runs that began when there was no choice.</summary>
    public NetworkPrecision? Precision { get; init; }

    /// <summary>Seed of the weights, the order of the images, the noise and the timesteps.</summary>
    public ulong Seed { get; init; }

    /// <summary>Steps between checkpoints.</summary>
    public int SaveEvery { get; init; } = 1000;

    /// <summary>Steps between sheets of samples; 0 for none.</summary>
    public int SampleEvery { get; init; } = 2000;

    /// <summary>True to stop at the first image that cannot be read; false to skip, count and name it.</summary>
    public bool StopOnBrokenImage { get; init; }

    /// <summary>Sides of the network's maps, level by level.</summary>
    internal IEnumerable<int> MapSizes => Enumerable.Range(0, ChannelMult.Count).Select(level => ImageSize >> level);

    /// <summary>The process.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public DiffusionRecipe Diffusion => new()
    {
        Schedule = Schedule,
        Timesteps = Timesteps,
        LearnsVariance = Loss != "simple",
        SmallVariance = SmallVariance,
        Predicts = Predict,
        RescaleTimesteps = RescaleTimesteps,
    };

    /// <summary>The architecture.</summary>
    /// <param name="classes">Number of classes; null for an unconditional network.</param>
    /// <exception cref="DiffractException">Sizes that do not fit each other, or an unknown loss.</exception>
    public UNetConfig NetworkConfig(int? classes)
    {
        if (Loss is not ("hybrid" or "simple" or "kl"))
            throw new DiffractException($"there is no loss '{Loss}'; there are hybrid, simple and kl");
        if (ImageSize % (1 << (ChannelMult.Count - 1)) != 0)
            throw new DiffractException($"{ChannelMult.Count} levels need an image size that is a multiple of "
                + $"{1 << (ChannelMult.Count - 1)}, found {ImageSize}");
        if (ChannelMult.FirstOrDefault(m => (int)(m * Channels) % 32 != 0) is > 0 and var odd)
            throw new DiffractException($"the channels of every level must be a multiple of 32; {odd:g} x {Channels} "
                + $"is {odd * Channels:g}");
        if (ChannelMult.FirstOrDefault(m => (int)(m * Channels) % HeadChannels != 0) is > 0 and var uneven)
            throw new DiffractException($"the channels of every level must be a multiple of the {HeadChannels} "
                + $"channels of an attention head; {uneven:g} x {Channels} is not");
        return new UNetConfig
        {
            ImageSize = ImageSize,
            ModelChannels = Channels,
            ChannelMult = ChannelMult,
            NumResBlocks = ResBlocks,
            AttentionResolutions =
                [.. AttentionSizes.Where(s => s > 0 && ImageSize % s == 0).Select(s => ImageSize / s)],
            NumHeadChannels = HeadChannels,
            OutChannels = Diffusion.LearnsVariance ? 6 : 3,
            NumClasses = classes,
            Dropout = Dropout,
        };
    }
}
