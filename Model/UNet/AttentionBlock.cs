using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Model;

/// <summary>Self-attention over all positions of a map, added to it (Dhariwal and Nichol 2021). State: <c>norm</c>,
/// <c>qkv</c> [3C, C, 1], <c>proj_out</c> [C, C, 1].</summary>
public sealed class AttentionBlock : Layer
{
    private readonly GroupNorm norm;
    private readonly TokenConv qkv, proj;
    private readonly int heads;
    private readonly QkvOrder order;

    /// <summary>An attention block.</summary>
    /// <param name="channels">Channels of the map.</param>
    /// <param name="heads">Number of heads; divides <paramref name="channels"/>.</param>
    /// <param name="newOrder">False when <c>qkv</c> lies head by head (q, k, v), true for all q, all k, all v.</param>
    /// <param name="groups">Groups of the norm.</param>
    public AttentionBlock(int channels, int heads, bool newOrder = false, int groups = 32)
    {
        if (heads < 1 || channels % heads != 0)
            throw new ArgumentException($"{channels} channels cannot be divided into {heads} heads");
        norm = Child("norm", new GroupNorm(channels, groups));
        qkv = Child("qkv", new TokenConv(channels, 3 * channels));
        proj = Child("proj_out", new TokenConv(channels, channels, zero: true));
        this.heads = heads;
        order = newOrder ? QkvOrder.New : QkvOrder.Legacy;
    }

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x)
    {
        using var scope = Scope.Open();
        var tokens = x.Reshape([x.Shape[0], x.Shape[1] * x.Shape[2], x.Shape[3]]);
        var h = norm.Forward(tokens);
        h = Step.After(h, qkv.Forward(h));
        h = Step.After(h, h.QkvAttention(heads, order));
        return scope.Keep(proj.Forward(h, tokens).Reshape(x.Shape));
    }
}
