using Diffract.Autograd;
using Diffract.Kernels;

namespace Diffract.Cases;

/// <summary>Attention over packed queries, keys and values [N, T, 3C].</summary>
public sealed class AttentionCases : CaseFamily
{
    public override string Title => "Attention";

    public override IEnumerable<OpCase> Rows() =>
    [
        Attention(1, QkvOrder.Legacy, 1, 1, 4), Attention(2, QkvOrder.Legacy, 2, 5, 8),
        Attention(2, QkvOrder.New, 1, 9, 12), Attention(2, QkvOrder.New, 2, 3, 64),
        Attention(1, QkvOrder.New, 1, 3, 64), Attention(1, QkvOrder.Legacy, 1, 2, 128),
        Attention(4, QkvOrder.Legacy, 1, 70, 64) with { Large = true },
    ];

    private static OpCase Attention(int heads, QkvOrder order, long batch, long tokens, long channels) =>
        new("qkv_attention", "qkv.QkvAttention(heads, order)", x => x[0]!.QkvAttention(heads, order),
            Input.Normal(batch, tokens, 3 * channels))
        {
            Terms = Math.Max(tokens, channels / heads),
            Roundings = 32,
            TensorCoreRoundings = 2,
            Flops = 4.0 * batch * tokens * tokens * channels,
        };
}
