using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Model;

/// <summary>Pools a map [N, S, S, C] into one vector [N, out] (Radford et al. 2021, CLIP): the mean is put before the
/// map's tokens, positions are added, and the mean's token after attention is projected. State:
/// <c>positional_embedding</c> [C, S*S + 1], <c>qkv_proj</c> [3C, C, 1] (all q, all k, all v), <c>c_proj</c> [out, C,
/// 1].</summary>
public sealed class AttentionPool2d : Layer
{
    private readonly Parameter positions;
    private readonly TokenConv qkv, output;
    private readonly int heads, side;

    /// <summary>A pool of square maps of one size.</summary>
    /// <param name="side">Height and width of the maps.</param>
    /// <param name="channels">Channels of the maps.</param>
    /// <param name="headChannels">Channels of one head; divides <paramref name="channels"/>.</param>
    /// <param name="outFeatures">Length of the result; <paramref name="channels"/> when left out.</param>
    public AttentionPool2d(int side, int channels, int headChannels, int? outFeatures = null)
    {
        if (headChannels < 1 || channels % headChannels != 0)
            throw new ArgumentException($"{channels} channels cannot be divided into heads of {headChannels}");
        positions = Parameter("positional_embedding", [channels, side * side + 1]);
        qkv = Child("qkv_proj", new TokenConv(channels, 3 * channels));
        output = Child("c_proj", new TokenConv(channels, outFeatures ?? channels));
        heads = channels / headChannels;
        this.side = side;
    }

    /// <inheritdoc/>
    protected override void InitialiseOwn(Generator generator) =>
        Fill.WithNormal(positions, generator, 1 / Math.Sqrt(positions.Shape[0]));

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x)
    {
        if (x.Rank != 4 || x.Shape[1] != side || x.Shape[2] != side)
            throw new ShapeException($"{Name} pools maps of {side} x {side}, found {x.Shape}");
        using var scope = Scope.Open();
        var tokens = x.Reshape([x.Shape[0], side * side, x.Shape[3]]);
        tokens = Tensor.Concat(1, [tokens.Mean([1], true), tokens]) + positions.Value.Transpose(0, 1);
        var pooled = qkv.Forward(tokens).QkvAttention(heads, QkvOrder.New).Slice(1, 0, 1);
        return scope.Keep(output.Forward(pooled.Reshape([x.Shape[0], x.Shape[3]])));
    }
}
