using System.Text.Json.Serialization;

namespace Diffract.Tasks;

/// <summary>The head that reads the features.</summary>
public sealed record HeadRecipe
{
    /// <summary><c>linear</c> or <c>attention</c>.</summary>
    public string Kind { get; init; } = "linear";

    /// <summary>Side the maps are average-pooled to: 2 for the linear head (paper), 16 for the attention head.
    /// </summary>
    public int? Pool { get; init; }

    /// <summary>Sizes of hidden layers of the linear head; none in the paper.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [];

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

    /// <summary>The pool that is used: <see cref="Pool"/>, or the paper's for the kind.</summary>
    [JsonIgnore]
    public int EffectivePool => Pool ?? (Kind == "linear" ? 2 : 16);
}
