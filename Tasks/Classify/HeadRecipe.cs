using System.Text.Json.Serialization;

namespace Diffract.Tasks;

/// <summary>The head that reads the features.</summary>
public sealed record HeadRecipe
{
    /// <summary><c>linear</c>, <c>mlp</c>, <c>cnn</c> or <c>attention</c>.</summary>
    public string Kind { get; init; } = "linear";

    /// <summary>Side the maps are average-pooled to: 2 for the linear head and the MLP, 8 for the CNN, 16 for the
    /// attention head (paper), which keeps smaller maps as they are.</summary>
    public int? Pool { get; init; }

    /// <summary>Sizes of the MLP's hidden layers.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [2000];

    /// <summary>Channels of the CNN's two convolutions.</summary>
    public IReadOnlyList<int> Channels { get; init; } = [1000, 1000];

    /// <summary>Width of the attention head's tokens.</summary>
    public int Width { get; init; } = 1024;

    /// <summary>Attention heads.</summary>
    public int Heads { get; init; } = 8;

    /// <summary>Transformer blocks.</summary>
    public int Layers { get; init; } = 2;

    /// <summary>Width of the hidden layer of a transformer block, as a multiple of <see cref="Width"/>.</summary>
    public int MlpRatio { get; init; } = 4;

    /// <summary>Norm of the tokeniser: <c>layer</c> or <c>batch</c>.</summary>
    public string Norm { get; init; } = "layer";

    /// <summary>The attention head's chain of layers as the released code writes it, instead of <see cref="Width"/>,
    /// <see cref="Heads"/>, <see cref="Layers"/> and <see cref="MlpRatio"/>; null for those. See
    /// <see cref="Model.AttentionStack"/>.</summary>
    public string? Chain { get; init; }

    /// <summary>The pool that is used: <see cref="Pool"/>, or the paper's for the kind.</summary>
    [JsonIgnore]
    public int EffectivePool => Pool ?? Kind switch { "attention" => 16, "cnn" => 8, _ => 2 };

    /// <summary>What it is, in words.</summary>
    [JsonIgnore]
    public string Description => Kind switch
    {
        "mlp" => $"MLP with hidden layers of {string.Join(", ", Hidden)}",
        "cnn" => $"CNN of {string.Join(" and ", Channels)} channels",
        "attention" => $"attention, {Chain ?? $"{Layers} layers of width {Width} and {Heads} heads"}",
        _ => Kind,
    } + $", maps averaged to {(Kind == "attention" ? "at most " : "")}{EffectivePool} x {EffectivePool}";
}
