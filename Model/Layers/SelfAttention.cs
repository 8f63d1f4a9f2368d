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
}
