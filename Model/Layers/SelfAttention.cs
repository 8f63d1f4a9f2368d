using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Model;

/// <summary>Multi-head self-attention of tokens [N, T, C] (Vaswani et al. 2017), scaled by 1/sqrt(channels of a head).
/// State as in timm: <c>qkv</c> ([q | k | v], each head by head), <c>proj</c>.</summary>
public sealed class SelfAttention : Layer
{
    private readonly Linear qkv, proj;
    private readonly int heads;

    /// <summary>An attention of <paramref name="heads"/> heads.</summary>
    /// <param name="features">Channels of the tokens, a multiple of <paramref name="heads"/>.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="qkvBias">Adds a bias to queries, keys and values.</param>
    public SelfAttention(int features, int heads, bool qkvBias = false)
    {
        if (heads < 1 || features % heads != 0)
            throw new ArgumentException($"{features} channels cannot be divided into {heads} heads");
        qkv = Child("qkv", new Linear(features, 3 * features, qkvBias));
        proj = Child("proj", new Linear(features, features));
        this.heads = heads;
    }

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x)
    {
        using var scope = Scope.Open();
        var h = qkv.Forward(x);
        h = Step.After(h, h.QkvAttention(heads, QkvOrder.New));
        return scope.Keep(proj.Forward(h));
    }

    /// <summary>What <see cref="Layer.Forward"/> gives for the first token, [N, C], in a time that hardly depends on
    /// the number of tokens: with one query a head, neither keys nor values are needed. A score is q·(W_k x) =
    /// (W_kᵀ q)·x, and the sum of weighted values is W_v (Σ p x).</summary>
    /// <param name="x">Tokens [N, T, C].</param>
    public Tensor First(Tensor x)
    {
        using var _ = Anomaly.Enter(Name);
        using var scope = Scope.Open();
        var (n, features) = (x.Shape[0], x.Shape[2]);
        var mixed = Weights(x).MatMul(x).Permute(1, 0, 2);
        var weights = qkv.Weight.Reshape(3, heads, features / heads, features);
        var values = mixed.MatMul(weights.At(2), transposeB: true).Permute(1, 0, 2).Reshape(n, features);
        if (qkv.Bias is { } bias) values += bias.Slice(0, 2 * features, features);
        return scope.Keep(proj.Forward(values));
    }

    /// <summary>How much the first token attends to each token, head by head.</summary>
    /// <param name="x">Tokens [N, T, C].</param>
    /// <returns>[N, heads, T]; rows sum to 1.</returns>
    public Tensor FirstWeights(Tensor x)
    {
        using var _ = Anomaly.Enter(Name);
        using var scope = Scope.Open();
        return scope.Keep(Weights(x));
    }

    private Tensor Weights(Tensor x)
    {
        var (n, features) = (x.Shape[0], x.Shape[2]);
        var width = features / heads;
        var queries = x.Select(1, 0).Linear(qkv.Weight.Slice(0, 0, features), qkv.Bias?.Slice(0, 0, features));
        queries = (queries / Math.Sqrt(width)).Reshape(n, heads, width).Permute(1, 0, 2);
        // A key's bias adds the same to all scores of a query, which their softmax does not see.
        var keys = qkv.Weight.Slice(0, features, features).Reshape(heads, width, features);
        return queries.MatMul(keys).Permute(1, 0, 2).MatMul(x, transposeB: true).Softmax(-1);
    }
}
