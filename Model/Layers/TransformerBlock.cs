using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>A pre-norm transformer block on tokens [N, T, C] (Dosovitskiy et al. 2021): x += attn(LN(x)); x +=
/// mlp(LN(x)). State as in timm: <c>norm1</c>, <c>attn.qkv</c>, <c>attn.proj</c>, <c>norm2</c>, <c>mlp.fc1</c>,
/// <c>mlp.fc2</c>.</summary>
public sealed class TransformerBlock : Layer
{
    private readonly LayerNorm norm1, norm2;
    private readonly SelfAttention attention;
    private readonly Mlp mlp;

    /// <summary>A transformer block.</summary>
    /// <param name="features">Channels of the tokens, a multiple of <paramref name="heads"/>.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="mlpRatio">Width of the hidden layer, in <paramref name="features"/>.</param>
    /// <param name="qkvBias">Adds a bias to queries, keys and values.</param>
    /// <param name="epsilon">Of both normalisations.</param>
    public TransformerBlock(int features, int heads, double mlpRatio = 4, bool qkvBias = false, float epsilon = 1e-5f)
    {
        norm1 = Child("norm1", new LayerNorm([features], epsilon));
        attention = Child("attn", new SelfAttention(features, heads, qkvBias));
        norm2 = Child("norm2", new LayerNorm([features], epsilon));
        mlp = Child("mlp", new Mlp(features, (int)(features * mlpRatio)));
    }

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x)
    {
        using var scope = Scope.Open();
        var h = norm1.Forward(x);
        h = Step.After(h, attention.Forward(h));
        x = Step.After(h, x + h);
        h = norm2.Forward(x);
        h = Step.After(h, mlp.Forward(h));
        return scope.Keep(x + h);
    }

    /// <summary>What <see cref="Layer.Forward"/> gives for the first token, [N, C], without the others' share of the
    /// work: for a class token that is read next.</summary>
    /// <param name="x">Tokens [N, T, C].</param>
    public Tensor First(Tensor x)
    {
        using var _ = Anomaly.Enter(Name);
        using var scope = Scope.Open();
        var h = norm1.Forward(x);
        h = Step.After(h, attention.First(h));
        var first = Step.After(h, x.Select(1, 0) + h);
        h = norm2.Forward(first);
        h = Step.After(h, mlp.Forward(h));
        return scope.Keep(first + h);
    }

    /// <summary>How much the first token attends to each token, head by head.</summary>
    /// <param name="x">Tokens [N, T, C].</param>
    /// <returns>[N, heads, T]; rows sum to 1.</returns>
    public Tensor FirstWeights(Tensor x)
    {
        using var _ = Anomaly.Enter(Name);
        using var scope = Scope.Open();
        return scope.Keep(attention.FirstWeights(norm1.Forward(x)));
    }
}
