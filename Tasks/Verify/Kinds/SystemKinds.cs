using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Backbone, noise, feedback and head together: GD(L), fine-tuning, the attention head, DifFormer, DifFeed.
/// </summary>
internal static class SystemKinds
{
    private const string Encoder = "grad.encoder.", Feedback = "fb.", Head = "head.";

    public static Dictionary<string, KindRunner> Table { get; } = new() { ["system"] = Run };

    private static void Run(VerifyCase c)
    {
        using var network = NetworkKinds.LoadUNet(c, c.Meta.Text("backbone"));
        // The original leaves gradients on where it does not use them: they are checked where they are stored.
        network.RequiresGrad(c.Meta.Text("mode", "freeze") == "finetune" || Any(c, Encoder));
        var spec = new FeatureSpec(c.Meta.Ints("t_list"), List(c, "second_fw_b_list") is { Length: > 0 } second
            ? second
            : List(c, "first_fw_b_list"));
        using var feed = Feed(c, network);
        using var head = MakeHead(c, feed is null ? Infos(network, spec.Blocks)
            : Infos(network, [.. feed.FirstBlocks, .. spec.Blocks]), spec.Timesteps.Count);
        var inputs = spec.Timesteps.Select((t, i) => Input(c, t, i)).ToArray();

        var logits = head.Forward(Maps(c, network, feed, spec, inputs, isChecked: true));
        c.Check("logits", logits);
        var loss = logits.CrossEntropy(c.Input("labels"));
        c.Check("loss_ce", loss);
        loss.Backward();
        c.CheckGradients(head, "grad.head.");
        c.CheckGradients(network, Encoder);
        if (feed is null) return;
        c.CheckGradients(feed.Feedback, "grad.fb.");
        CheckStatistics(c, feed.Feedback);
        if (!c.Has("logits_eval")) return;
        c.Load(feed.Feedback, Feedback);
        feed.Eval();
        head.Eval();
        using var no = GradMode.No();
        c.Check("logits_eval", head.Forward(Maps(c, network, feed, spec, inputs, isChecked: false)));
    }

    private static FeatureMaps Maps(VerifyCase c, UNet network, DifFeed? feed, FeatureSpec spec,
        IReadOnlyList<(Tensor X, Tensor Told)> inputs, bool isChecked) =>
        new([.. inputs.Select((input, i) =>
        {
            var t = spec.Timesteps[i];
            if (feed is null)
            {
                var output = network.Run(input.X, input.Told, taps: Taps.At(spec.Blocks));
                foreach (var b in spec.Blocks) Check(c, "feat_first", t, b, output[b], isChecked);
                return (IReadOnlyList<FeatureMap>)[.. spec.Blocks.Select(b => new FeatureMap(b, output[b]))];
            }
            var passes = feed.Run(input.X, input.Told, spec.Blocks);
            foreach (var (b, map) in passes.First)
            {
                Check(c, "first_pass", t, b, map, isChecked);
                Check(c, "feat_first", t, b, map, isChecked);
            }
            foreach (var (b, map) in passes.Fed)
            {
                Check(c, "feedback_out", t, b, map, isChecked);
                var mean = $"feedback_out_channel_mean.t{t}_b{b}";
                if (isChecked && c.Has(mean)) c.Check(mean, map.Mean([1, 2]));
            }
            foreach (var (b, map) in passes.Second) Check(c, "feat_second", t, b, map, isChecked);
            return [.. feed.FirstBlocks.Select(b => new FeatureMap(b, passes.First[b])),
                .. spec.Blocks.Select(b => new FeatureMap(b, passes.Second[b]))];
        })]);

    // Some fixtures have a time step in the names, some do not; not every map is stored. What is stored and was not
    // compared is noticed in the end.
    private static void Check(VerifyCase c, string kind, int timestep, int block, Tensor map, bool isChecked)
    {
        if (!isChecked) return;
        foreach (var name in (ReadOnlySpan<string>)[$"{kind}.t{timestep}_b{block}", $"{kind}.b{block}"])
            if (c.Has(name)) c.Check(name, map, Layout.ChannelsLast);
    }

    private static (Tensor X, Tensor Told) Input(VerifyCase c, int timestep, int index)
    {
        var diffusion = new GaussianDiffusion(NoiseSchedule.Linear());
        var start = c.Input("x0", Layout.ChannelsLast);
        var steps = new int[start.Shape.Int(0)];
        Array.Fill(steps, timestep);
        var x = diffusion.QSample(start, steps, c.Slice("noise", index, Layout.ChannelsLast));
        if (c.Has($"x_t.{timestep}")) c.Check($"x_t.{timestep}", x, Layout.ChannelsLast);
        return (x, diffusion.Timesteps(steps, c.Device));
    }

    private static DifFeed? Feed(VerifyCase c, UNet network)
    {
        if (List(c, "feedback_b_list") is not { Length: > 0 } sources) return null;
        var links = c.Meta.Has("feedback_target_block")
            ? sources.Select(b => new FeedbackLink(b, c.Meta.Int("feedback_target_block"))).ToArray()
            : FeedbackStrategy.Mirrored(network.Plan, sources);
        var backbone = new DiffusionBackbone(network, new GaussianDiffusion(NoiseSchedule.Linear()))
        {
            UsesRecordings = false,
        };
        var feed = new DifFeed(backbone, links, c.Meta.Text("feedback_arc", "C_B_R"), List(c, "first_fw_b_list"));
        c.Load(feed.Feedback, Feedback);
        return feed;
    }

    private static void CheckStatistics(VerifyCase c, Module feedback)
    {
        const string After = "after.fb.";
        var state = feedback.StateDict();
        foreach (var name in c.Names.Where(n => n.StartsWith(After, StringComparison.Ordinal)).ToArray())
            if (state.TryGetValue(name[After.Length..], out var buffer)) c.Check(name, buffer);
    }

    private static Head MakeHead(VerifyCase c, IReadOnlyList<FeatureInfo> maps, int timesteps)
    {
        var (classes, pool) = (c.Meta.Int("classes"), c.Meta.Int("pre_pool_size"));
        return c.Load<Head>(c.Meta.Has("fusion_arc")
            ? new AttentionHead(maps, classes, c.Meta.Text("fusion_arc"), pool, timesteps: timesteps)
            : new LinearHead(maps, classes, pool, timesteps: timesteps), Head);
    }

    private static List<FeatureInfo> Infos(UNet network, IEnumerable<int> blocks) =>
        [.. blocks.Select(b => new FeatureInfo(b, network.Plan[b].OutChannels, network.Plan[b].Out))];

    private static int[] List(VerifyCase c, string name) => c.Meta.Has(name) ? c.Meta.Ints(name) : [];

    private static bool Any(VerifyCase c, string prefix) =>
        c.Names.Any(n => n.StartsWith(prefix, StringComparison.Ordinal));
}
