using Diffract.Autograd;

namespace Diffract.Tasks;

/// <summary>Normalisations.</summary>
internal static class NormKinds
{
    public static Dictionary<string, KindRunner> Table { get; } = new()
    {
        ["group_norm"] = GroupNorm,
        ["scale_shift_norm_silu"] = ScaleShiftNormSilu,
    };

    private static void GroupNorm(VerifyCase c)
    {
        var x = c.Leaf("x", Layout.ChannelsLast);
        var y = x.GroupNorm(c.Meta.Int("groups"), c.OptionalLeaf("gamma"), c.OptionalLeaf("beta"), Eps(c));
        c.CheckBackward(y, Layout.ChannelsLast);
    }

    private static void ScaleShiftNormSilu(VerifyCase c)
    {
        var x = c.Leaf("x", Layout.ChannelsLast);
        var y = x.GroupNorm(c.Meta.Int("groups", 32), c.OptionalLeaf("gamma"), c.OptionalLeaf("beta"), Eps(c),
            c.Leaf("emb_out"), silu: true);
        c.CheckBackward(y, Layout.ChannelsLast);
    }

    private static float Eps(VerifyCase c) => (float)c.Meta.Number("eps", 1e-5);
}
