using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Everything that decides a pretraining run, saved with it.</summary>
public sealed record PretrainRecipe : UNetTrainingRecipe
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<PretrainRecipe> Json =>
        PretrainJson.Default.PretrainRecipe;

    /// <summary>First item of the data that is used.</summary>
    public int From { get; init; }

    /// <summary>One past the last item that is used; null for all.</summary>
    public int? To { get; init; }

    /// <summary>Trains a class-conditional network on the data's labels.</summary>
    public bool ClassConditional { get; init; }

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

    /// <summary>Steps of the linear rise to <see cref="UNetTrainingRecipe.LearningRate"/>.</summary>
    public int Warmup { get; init; }

    /// <summary>Largest norm of a step's gradient; null to leave it.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>Decay of the moving average of the weights.</summary>
    public double EmaRate { get; init; } = 0.9999;

    /// <summary>Decays of further averages; each becomes a file, <c>ema-0.999.safetensors</c>. Runs that began before
    /// there were such do not say it.</summary>
    public IReadOnlyList<double> OtherEmaRates { get; init => field = value ?? []; } = [];

    /// <summary>Runs residual blocks again in backward instead of keeping their activations.</summary>
    public bool Recompute { get; init; }

    /// <summary>Bytes that training may take; null for no limit. Smaller microbatches, then <see cref="Recompute"/>,
    /// make it fit, see <see cref="PretrainMemory"/>.</summary>
    public long? MemoryBudget { get; init; }

    /// <summary>In which numbers the network calculates; parameters, gradients, optimiser and average are float32 with
    /// each. Null for float32, as in recipes of runs that began when there was no choice.</summary>
    public NetworkPrecision? Precision { get; init; }

    /// <summary>Steps between sheets of samples; 0 for none.</summary>
    public int SampleEvery { get; init; } = 2000;

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
        CheckSizes();
        return new UNetConfig
        {
            ImageSize = ImageSize,
            ModelChannels = Channels,
            ChannelMult = ChannelMult,
            NumResBlocks = ResBlocks,
            AttentionResolutions = AttentionResolutions,
            NumHeadChannels = HeadChannels,
            NormGroups = NormGroups,
            OutChannels = Diffusion.LearnsVariance ? 6 : 3,
            NumClasses = classes,
            Dropout = Dropout,
        };
    }
}
