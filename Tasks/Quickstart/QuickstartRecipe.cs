namespace Diffract.Tasks;

/// <summary>What the quickstart does; the numbers are chosen so that it ends in a few minutes on two cores.</summary>
public sealed record QuickstartRecipe
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<QuickstartRecipe> Json =>
        QuickstartJson.Default.QuickstartRecipe;

    /// <summary>Seeds of the labelled sample, the heads and the noise; one run each.</summary>
    public IReadOnlyList<ulong> Seeds { get; init; } = [0];

    /// <summary>Official test images that are scored, counted from the first.</summary>
    public int TestImages { get; init; } = 2000;

    /// <summary>Labelled images of each class.</summary>
    public int LabelsPerClass { get; init; } = 20;

    /// <summary>Images of each class that choose timestep, block, pooling and learning rate.</summary>
    public int ValidationPerClass { get; init; } = 30;

    /// <summary>Timesteps that are tried.</summary>
    public IReadOnlyList<int> Timesteps { get; init; } = [10, 50, 100, 200, 400];

    /// <summary>Noise draws of each labelled image for the chosen heads.</summary>
    public int Draws { get; init; } = 4;

    /// <summary>Learning rates that are tried.</summary>
    public IReadOnlyList<double> LearningRates { get; init; } = [1e-3, 3e-3, 1e-2, 3e-2];

    /// <summary>Learning rate of the linear heads that look for timestep, block and pooling; all labels a
    /// step.</summary>
    public double SearchLearningRate { get; init; } = 1e-2;

    /// <summary>Epochs of a linear head.</summary>
    public int LinearEpochs { get; init; } = 60;

    /// <summary>Epochs of an attention head.</summary>
    public int AttentionEpochs { get; init; } = 60;

    /// <summary>All 10,000 test images and three seeds.</summary>
    public static QuickstartRecipe Full { get; } = new() { Seeds = [0, 1, 2], TestImages = 10_000 };
}
