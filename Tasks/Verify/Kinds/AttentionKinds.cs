using Diffract.Autograd;
using Diffract.Kernels;

namespace Diffract.Tasks;

/// <summary>Attention.</summary>
internal static class AttentionKinds
{
    public static Dictionary<string, KindRunner> Table { get; } = new() { ["qkv_attention"] = QkvAttention };

    private static void QkvAttention(VerifyCase c)
    {
        var order = c.Meta.Text("order", "legacy") switch
        {
            "legacy" => QkvOrder.Legacy,
            "new" => QkvOrder.New,
            var other => throw new VerifyException($"there is no order {other} of queries, keys and values"),
        };
        var y = c.Leaf("qkv", Layout.ChannelsLast).QkvAttention(c.Meta.Int("heads"), order);
        c.CheckBackward(y, Layout.ChannelsLast);
    }
}
