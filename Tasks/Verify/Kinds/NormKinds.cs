using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Normalisations and softmax.</summary>
internal static class NormKinds
{
    public static Dictionary<string, KindRunner> Table { get; } = new()
    {
        ["group_norm"] = GroupNorm,
        ["scale_shift_norm_silu"] = ScaleShiftNormSilu,
        ["layer_norm"] = LayerNorm,
        ["batch_norm2d"] = BatchNorm,
        ["softmax"] = c => c.CheckBackward(c.Leaf("x").Softmax(c.Meta.Int("axis", -1))),
        ["log_softmax"] = c => c.CheckBackward(c.Leaf("x").LogSoftmax(c.Meta.Int("axis", -1))),
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

    /// <summary>Over the trailing axes that the gain has, in the order of the file: a map is just a longer row.
    /// </summary>
    private static void LayerNorm(VerifyCase c)
    {
        var x = c.Leaf("x");
        var axes = c.Meta.Text("axes", "last") == "last" ? 1 : x.Rank - 1;
        var gain = c.OptionalLeaf("gamma") ?? c.Ones(x.Shape[^axes..]);
        c.CheckBackward(x.LayerNorm(gain, c.OptionalLeaf("beta"), Eps(c)));
    }

    private static void BatchNorm(VerifyCase c)
    {
        var (mean, variance) = (Optional(c, "running_mean"), Optional(c, "running_var"));
        var x = c.Leaf("x", Layout.ChannelsLast);
        var y = x.BatchNorm(c.OptionalLeaf("gamma"), c.OptionalLeaf("beta"), mean, variance, c.Meta.Flag("training"),
            (float)c.Meta.Number("momentum", 0.1), Eps(c));
        c.CheckBackward(y, Layout.ChannelsLast);
        if (mean is not null) c.Check("running_mean_after", mean);
        if (variance is not null) c.Check("running_var_after", variance);
    }

    private static Tensor? Optional(VerifyCase c, string name) => c.Has(name) ? c.Input(name) : null;

    private static float Eps(VerifyCase c) => (float)c.Meta.Number("eps", 1e-5);
}
