using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>How a head is trained. The paper and its released code disagree; both are here by name.</summary>
public sealed record OptimiserRecipe
{
    /// <summary>Name of the recipe: <c>paper</c>, <c>release</c> or <c>custom</c>.</summary>
    public string Name { get; init; } = "custom";

    /// <summary><c>adam</c>, <c>adamw</c> or <c>sgd</c>.</summary>
    public string Optimiser { get; init; } = "adam";

    /// <summary>Learning rate; null to search for it on the validation split.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Momentum of sgd.</summary>
    public double Momentum { get; init; }

    /// <summary>Weight decay.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Epochs between the falls of the learning rate.</summary>
    public int StepEpochs { get; init; } = 7;

    /// <summary>Factor of each fall.</summary>
    public double StepFactor { get; init; } = 0.1;

    /// <summary>Random crops (short side drawn from S to 1.25 S) in training instead of centred ones.</summary>
    public bool RandomCrop { get; init; }

    /// <summary>Mirrors every other training image.</summary>
    public bool Flip { get; init; } = true;

    /// <summary>The optimiser.</summary>
    /// <param name="groups">What it trains; groups may have learning rates of their own.</param>
    /// <param name="learningRate">The rate of groups without one.</param>
    /// <exception cref="DiffractException">There is no such optimiser.</exception>
    public Optimizer Make(IEnumerable<ParamGroup> groups, double learningRate) => Optimiser switch
    {
        "adam" => new Adam(groups, learningRate, weightDecay: WeightDecay),
        "adamw" => new AdamW(groups, learningRate, weightDecay: WeightDecay),
        "sgd" => new Sgd(groups, learningRate, Momentum, weightDecay: WeightDecay),
        _ => throw new DiffractException($"there is no optimiser '{Optimiser}'; there are adam, adamw and sgd"),
    };

    /// <summary>Adam, centre crop and flip, learning rate from the search.</summary>
    public static OptimiserRecipe Paper { get; } = new() { Name = "paper", Optimiser = "adam" };

    /// <summary>Plain SGD with the released scripts' rates (1e-2, but 5e-2 for one pass and an attention head), random
    /// crop and flip.</summary>
    /// <param name="kind">The head: linear, mlp, cnn, attention.</param>
    /// <param name="hasFeedback">Whether the network runs twice.</param>
    public static OptimiserRecipe Release(string kind, bool hasFeedback = false) => new()
    {
        Name = "release",
        Optimiser = "sgd",
        LearningRate = kind == "attention" && !hasFeedback ? 5e-2 : 1e-2,
        RandomCrop = true,
    };

    /// <summary>Images a step of the released scripts: four processes with 32 each, or 4 with feedback.</summary>
    /// <param name="hasFeedback">Whether the network runs twice.</param>
    public static int ReleaseBatch(bool hasFeedback = false) => hasFeedback ? 16 : 128;

    /// <summary>Images of a process of the released scripts, over which batch normalisation takes its statistics; null
    /// where they do not divide the batch.</summary>
    /// <param name="hasFeedback">Whether the network runs twice.</param>
    /// <param name="batch">Images a step.</param>
    public static int? ReleaseMicrobatch(bool hasFeedback, int batch)
    {
        var micro = ReleaseBatch(hasFeedback) / 4;
        return batch > micro && batch % micro == 0 ? micro : null;
    }
}
