using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>A way to classify images that a study compares, in the words of the paper.</summary>
/// <param name="Name">Its word on the command line.</param>
/// <param name="Title">Its name in tables and figures.</param>
/// <param name="Head">Kind of head, as <see cref="HeadRecipe.Kind"/> has it.</param>
/// <param name="Feedback">Strategy of the feedback; null for one pass.</param>
public sealed record StudyMethod(string Name, string Title, string Head, string? Feedback = null)
{
    /// <summary>Whether it reads several timesteps and blocks.</summary>
    public bool Fuses { get; private init; }

    /// <summary>Whether it reads a network of the same architecture that learnt nothing: what features are worth
    /// without pretraining.</summary>
    public bool IsUntrained { get; private init; }

    /// <summary>All methods, in the order of tables and figures.</summary>
    public static IReadOnlyList<StudyMethod> All { get; } =
    [
        new("untrained", "Linear, untrained network", "linear") { IsUntrained = true },
        new("linear", "Linear", "linear"),
        new("mlp", "MLP", "mlp"),
        new("cnn", "CNN", "cnn"),
        new("attention", "Attention", "attention"),
        new("difformer", "DifFormer", "attention") { Fuses = true },
        new("diffeed-all", "DifFeed, all", "attention", "all"),
        new("diffeed-bottleneck", "DifFeed, bottleneck", "attention", "bottleneck"),
        new("diffeed-windowed", "DifFeed, windowed", "attention", "windowed"),
        new("diffeed-multi-scale", "DifFeed, multi-scale", "attention", "multi-scale"),
    ];

    /// <summary>The method of a word.</summary>
    /// <exception cref="DiffractException">There is none.</exception>
    public static StudyMethod Named(string name) => All.FirstOrDefault(m => m.Name == name)
        ?? throw new DiffractException($"there is no method '{name}'; there are "
            + string.Join(", ", All.Select(m => m.Name)) + Spelling.Hint(All.Select(m => m.Name), name));
}
