using System.Globalization;
using System.Text.RegularExpressions;
using Diffract.Autograd;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Heads on given feature maps.</summary>
internal static partial class HeadKinds
{
    public static Dictionary<string, KindRunner> Table { get; } = new()
    {
        ["linear_head"] = Linear,
        ["fusion_head"] = Fusion,
        ["cnn_head"] = Cnn,
    };

    private static void Linear(VerifyCase c)
    {
        var maps = Maps(c);
        var hidden = c.Meta.Text("head_arc", "").Split('_', StringSplitOptions.RemoveEmptyEntries)
            .Select(width => int.Parse(width, CultureInfo.InvariantCulture));
        Run(c, new LinearHead(Infos(maps), Classes(c), c.Meta.Int("pool"), [.. hidden], maps.Timesteps), maps);
    }

    private static void Fusion(VerifyCase c)
    {
        var maps = Maps(c);
        Run(c, new AttentionHead(Infos(maps), Classes(c), c.Meta.Text("fusion_arc"), PoolOf(c), NormOf(c),
            maps.Timesteps), maps);
    }

    private static void Cnn(VerifyCase c)
    {
        var maps = Maps(c);
        var channels = c.Meta.Ints("channels");
        if (channels is not [_, var first, var second])
            throw new VerifyException(
                $"channels of the map and of two convolutions are needed, found {channels.Length}");
        // What the maps are averaged to is not said where they have the size already.
        var pool = c.Meta.Int("pool", maps[0][0].Map.Shape.Int(1));
        Run(c, new CnnHead(Infos(maps), Classes(c), (first, second), pool, c.Meta.Int("kernel"), c.Meta.Int("stride"),
            maps.Timesteps), maps);
    }

    private static void Run(VerifyCase c, Head head, FeatureMaps maps)
    {
        using var loaded = c.Load(head, "head.");
        if (c.Has("logits_eval"))
        {
            loaded.Eval();
            using (GradMode.No()) c.Check("logits_eval", loaded.Forward(maps));
        }
        loaded.Train();
        var logits = loaded.Forward(maps);
        c.Check("logits", logits);
        var loss = logits.CrossEntropy(c.Input("labels"));
        c.Check("loss_ce", loss);
        loss.Backward();
        c.CheckGradients(loaded, "grad.head.");
        c.CheckGradients("grad_feat.");
        var state = loaded.StateDict();
        foreach (var name in c.Names.Where(n => n.StartsWith("after.head.", StringComparison.Ordinal)).ToArray())
            if (state.TryGetValue(name["after.head.".Length..], out var buffer)) c.Check(name, buffer);
    }

    /// <summary>Maps t0_b19, t0_b24, t1_b19…: the time steps by number, the blocks as <c>b_list</c> orders them, else
    /// ascending.</summary>
    private static FeatureMaps Maps(VerifyCase c)
    {
        var order = c.Meta.Has("b_list") ? c.Meta.Ints("b_list") : [];
        var maps = c.Names.Select(n => MapName().Match(n)).Where(m => m.Success)
            .Select(m => (Name: m.Value, T: int.Parse(m.Groups[1].ValueSpan), Block: int.Parse(m.Groups[2].ValueSpan)))
            .OrderBy(m => m.T).ThenBy(m => Array.IndexOf(order, m.Block)).ThenBy(m => m.Block).ToArray();
        return new FeatureMaps([.. maps.GroupBy(m => m.T).Select(step => (IReadOnlyList<FeatureMap>)[.. step
            .Select(m => new FeatureMap(m.Block, c.Leaf(m.Name, Layout.ChannelsLast)))])]);
    }

    private static List<FeatureInfo> Infos(FeatureMaps maps) => [.. maps[0].Select(m =>
        new FeatureInfo(m.Block, m.Map.Shape.Int(3), new MapSize(m.Map.Shape.Int(1), m.Map.Shape.Int(2))))];

    private static int Classes(VerifyCase c) => c.Meta.Int("classes", c.Data["logits"].Shape.Int(-1));

    // A tokeniser's layer norm has a gain for every element of the pooled map, a batch norm has running statistics.
    private static TokenNorm NormOf(VerifyCase c) => c.Meta.Text("norm", RunningMean(c) ? "batch" : "layer") switch
    {
        "layer" => TokenNorm.Layer,
        "batch" => TokenNorm.Batch,
        var other => throw new VerifyException($"there is no norm {other} for tokens"),
    };

    private static int PoolOf(VerifyCase c)
    {
        const int WithoutASetting = 16;
        if (c.Meta.Has("pre_pool_size")) return c.Meta.Int("pre_pool_size");
        var sides = c.Names.Where(n => TokenNormName().IsMatch(n)).Select(n => c.Data[n].Shape)
            .Where(s => s.Rank == 3).Select(s => s.Int(1)).ToArray();
        return sides.Length > 0 ? sides.Max() : WithoutASetting;
    }

    private static bool RunningMean(VerifyCase c) =>
        c.Names.Any(n => n.StartsWith("head.", StringComparison.Ordinal)
            && n.EndsWith(".running_mean", StringComparison.Ordinal));

    [GeneratedRegex(@"^t(\d{1,6})_b(\d{1,6})$")]
    private static partial Regex MapName();

    [GeneratedRegex(@"^head\.pre_layer\.\d+\.1\.weight$")]
    private static partial Regex TokenNormName();
}
