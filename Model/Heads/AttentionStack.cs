using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>A chain of layers on tokens or a map, written as a comma-separated string of words:
/// <list type="bullet">
/// <item><c>Use_CLS_Token:True:width</c>: declares a learnt token (no layer of its own).</item>
/// <item><c>Insert_CLS_Token</c>: puts it before the tokens.</item>
/// <item><c>Attention:width:heads:ratio:count</c>: transformer blocks.</item>
/// <item><c>Extract_CLS_Token</c>: keeps the first token.</item>
/// <item><c>FullyPool</c>: the mean of the tokens.</item>
/// <item><c>Pool:k:s</c>: average pool of a map, kernel k, stride s.</item>
/// <item><c>Reshape</c>: a map's positions become tokens, row by row.</item>
/// <item><c>Flatten</c>: tokens one after the other; a map in (C, H, W) order.</item>
/// <item><c>Dense:in:out:activation</c>: linear, then relu, sigmoid, tanh or identity.</item>
/// </list>
/// State: <c>cls_token</c> [1, 1, width], <c>layers.{i}</c>, where every word but the first counts, a transformer block
/// each, and an activation one more.</summary>
public sealed class AttentionStack : Layer
{
    private readonly List<Func<Tensor, Tensor>> steps = [];
    private readonly Parameter? token;
    private TransformerBlock? last, reader;
    private int readerStep;
    private int slot;

    /// <summary>Builds the chain.</summary>
    /// <param name="layers">The words.</param>
    /// <param name="input">Shape of one input: tokens [T, C], or a map [H, W, C].</param>
    /// <exception cref="ArgumentException">A word is unknown, has wrong values, or does not fit what comes before it.
    /// </exception>
    public AttentionStack(string layers, Shape input) : this(LayerWord.Parse(layers), input) { }

    internal AttentionStack(IReadOnlyList<LayerWord> words, Shape input)
    {
        OutShape = input;
        foreach (var word in words)
        {
            if (word.Name != "Use_CLS_Token") continue;
            if (token is not null) throw new ArgumentException("Use_CLS_Token appears twice");
            if (word.Takes(2).Boolean(0)) token = Parameter("cls_token", [1, 1, word.Integer(1)]);
        }
        foreach (var word in words) if (word.Name != "Use_CLS_Token") Add(word);
    }

    /// <summary>Shape of one output: [features], or what is left of a chain without an end.</summary>
    public Shape OutShape { get; private set; }

    /// <summary>How much the token that Extract_CLS_Token keeps attends to each token, in the transformer block before.
    /// </summary>
    /// <param name="x">The stack's input.</param>
    /// <returns>[N, heads, T]; rows sum to 1.</returns>
    /// <exception cref="InvalidOperationException">No transformer block stands before an Extract_CLS_Token.</exception>
    public Tensor FirstWeights(Tensor x)
    {
        if (reader is null)
            throw new InvalidOperationException("no transformer block stands before an Extract_CLS_Token");
        using var scope = Scope.Open();
        var h = x;
        foreach (var step in steps.Take(readerStep)) h = Step.After(h, step(h), x);
        return scope.Keep(reader.FirstWeights(h));
    }

    /// <inheritdoc/>
    protected override void InitialiseOwn(Generator generator) => Fill.WithZeros(token);

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x)
    {
        using var scope = Scope.Open();
        var h = x;
        foreach (var step in steps) h = Step.After(h, step(h), x);
        return scope.Keep(h);
    }

    private void Add(LayerWord word)
    {
        switch (word.Name)
        {
            case "Insert_CLS_Token": Insert(word.Takes(0)); break;
            case "Attention": Attention(word.Takes(4)); break;
            case "Extract_CLS_Token": Extract(word.Takes(0)); break;
            case "FullyPool":
                Need(word.Takes(0), 2);
                Then([OutShape[1]], h => h.Mean([1]));
                break;
            case "Pool": Pool(word.Takes(2)); break;
            case "Reshape":
                Need(word.Takes(0), 3);
                Then([OutShape[0] * OutShape[1], OutShape[2]],
                    h => h.Reshape([h.Shape[0], h.Shape[1] * h.Shape[2], h.Shape[3]]));
                break;
            case "Flatten": Flatten(word.Takes(0)); break;
            case "Dense": Dense(word.Takes(3)); break;
            default:
                throw new ArgumentException($"unknown layer word '{word.Name}'; known are Use_CLS_Token, "
                    + "Insert_CLS_Token, Attention, Extract_CLS_Token, FullyPool, Pool, Reshape, Flatten and Dense");
        }
    }

    private void Insert(LayerWord word)
    {
        Need(word, 2);
        if (token is null) throw new ArgumentException("Insert_CLS_Token needs a Use_CLS_Token:True:<width>");
        if (token.Shape[2] != OutShape[1])
            throw new ArgumentException($"the CLS token has {token.Shape[2]} channels, the tokens {OutShape[1]}");
        Then([OutShape[0] + 1, OutShape[1]], h =>
            Tensor.Concat(1, [token.Value.Broadcast([h.Shape[0], 1, h.Shape[2]]), h]));
    }

    private void Attention(LayerWord word)
    {
        Need(word, 2);
        NeedChannels(word, word.Integer(0));
        for (var i = 0; i < word.Integer(3); i++)
        {
            var block = Child($"layers.{slot}", new TransformerBlock(word.Integer(0), word.Integer(1), word.Number(2)));
            Then(OutShape, block.Forward);
            last = block;
        }
    }

    private void Extract(LayerWord word)
    {
        Need(word, 2);
        // Nothing reads the other tokens of the block before.
        if (last is not null) steps.RemoveAt(steps.Count - 1);
        (reader, readerStep) = (last, steps.Count);
        Then([OutShape[1]], last is null ? h => h.Select(1, 0) : last.First);
    }

    private void Pool(LayerWord word)
    {
        Need(word, 3);
        int kernel = word.Integer(0), stride = word.Integer(1);
        if (kernel > OutShape[0] || kernel > OutShape[1])
            throw new ArgumentException($"'{word.Text}' is larger than the map {OutShape}");
        Then([(OutShape[0] - kernel) / stride + 1, (OutShape[1] - kernel) / stride + 1, OutShape[2]],
            h => h.AvgPool2d(kernel, stride));
    }

    private void Flatten(LayerWord word)
    {
        var isMap = OutShape.Rank == 3;
        if (!isMap) Need(word, 2);
        Then([OutShape.Count], h =>
            (isMap ? h.Permute(0, 3, 1, 2) : h).Reshape([h.Shape[0], h.Count / h.Shape[0]]));
    }

    private void Dense(LayerWord word)
    {
        NeedChannels(word, word.Integer(0));
        var linear = Child($"layers.{slot}", new Linear(word.Integer(0), word.Integer(1)));
        Then(OutShape.With(-1, word.Integer(1)), linear.Forward);
        Func<Tensor, Tensor>? activation = word.At(2) switch
        {
            "relu" => h => h.Relu(),
            "sigmoid" => h => h.Sigmoid(),
            "tanh" => h => h.Tanh(),
            "identity" => null,
            var other => throw new ArgumentException($"'{word.Text}': unknown activation '{other}'; known are relu, "
                + "sigmoid, tanh and identity"),
        };
        if (activation is not null) Then(OutShape, activation);
    }

    private void Then(Shape shape, Func<Tensor, Tensor> step)
    {
        steps.Add(step);
        last = null;
        OutShape = shape;
        slot++;
    }

    private void Need(LayerWord word, int rank)
    {
        if (OutShape.Rank != rank)
            throw new ArgumentException($"'{word.Text}' takes " + (rank == 3 ? "a map [H, W, C]" : "tokens [T, C]")
                + $", but what comes before it gives {OutShape}");
    }

    private void NeedChannels(LayerWord word, int channels)
    {
        if (OutShape[^1] != channels)
            throw new ArgumentException($"'{word.Text}' takes {channels} channels, but what comes before it gives "
                + $"{OutShape}");
    }
}
