using System.Globalization;
using System.Text.Json;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Feedback from decoder blocks into a second pass (DifFeed), against PyTorch: what is added where, and the
/// gradients that flow back through the frozen network into the feedback layers.</summary>
/// <remarks>Gradients are compared in float64. They have a step at every zero of the feedback's ReLU, and the fixtures
/// have values so near to one that the rounding of a float32 convolution decides on which side they fall.</remarks>
[TestFixture]
internal sealed class FeedbackGoldenTests
{
    private static IEnumerable<string> Systems => Goldens.OfKind("system")
        .Where(name => Numbers(Goldens.Meta(name).GetProperty("feedback_b_list")).Length > 0);

    [TestCaseSource(nameof(Systems))]
    public void Two_passes(string name) => Run(name, DType.Float32, reuse: false);

    [TestCase("systems/diffeed_bottleneck")]
    [TestCase("systems/diffeed_all")]
    [TestCase("systems/diffeed_13block")]
    public void Gradients(string name) => Run(name, DType.Float64, reuse: false);

    [TestCase("systems/diffeed_windowed")]
    [TestCase("systems/diffeed_multiscale")]
    public void Blocks_before_the_first_feedback_need_not_run_again(string name) =>
        Run(name, DType.Float64, reuse: true);

    private static void Run(string name, DType dtype, bool reuse)
    {
        using var fixture = new GoldenFixture(name);
        using var scope = Scope.Open();
        var meta = fixture.Meta;
        using var network = UNetGoldenTests.Load(meta.GetProperty("backbone").GetString()!);
        var isTrained = fixture.Names.Any(n => n.StartsWith("grad.encoder.", StringComparison.Ordinal));
        network.RequiresGrad(isTrained);
        network.To(dtype);
        var sources = Numbers(meta.GetProperty("feedback_b_list"));
        var targets = Array.ConvertAll(sources, b => meta.TryGetProperty("feedback_target_block", out var one)
            ? one.GetInt32()
            : network.Plan.Last + 1 - b);
        var layers = sources.Zip(targets, (b, e) => new Sequential(
            new Conv2d(network.Plan[b].OutChannels, network.Plan[e].OutChannels, 1, bias: false),
            new BatchNorm2d(network.Plan[e].OutChannels), new Function("relu", x => x.Relu()))).ToArray();
        for (var i = 0; i < layers.Length; i++)
        {
            layers[i].To(dtype);
            layers[i].LoadStateDict(fixture.State($"fb.{i}."));
        }

        var x0 = fixture.Images("x0").To(dtype);
        var steps = Enumerable.Repeat(Numbers(meta.GetProperty("t_list")).Single(), x0.Shape.Int(0)).ToArray();
        var noise = fixture["noise"].Slice(0, 0, 1).Squeeze(0).Permute(0, 2, 3, 1).To(dtype);
        var diffusion = new GaussianDiffusion(NoiseSchedule.Linear());
        var x = diffusion.QSample(x0, steps, noise);
        CheckStored(fixture, $"x_t.{steps[0]}", x);
        var block = Numbers(meta.GetProperty("second_fw_b_list")).Single();
        var before = Enumerable.Range(1, reuse ? targets.Min() - 1 : 0).ToArray();

        var t = diffusion.Timesteps(steps);
        UNetOutput first;
        using (GradMode.No()) first = network.Run(x, t, taps: Taps.At([.. sources, .. before]));
        var known = before.ToDictionary(b => b, b => first[b]);
        Tensor Second()
        {
            var feedback = new Feedback();
            for (var i = 0; i < layers.Length; i++) feedback.Add(targets[i], layers[i].Forward(first[sources[i]]));
            CheckFeedback(fixture, feedback, sources, targets, layers[0].Training, steps[0]);
            return network.Run(x, t, null, Taps.At(block), feedback, known)[block];
        }

        var info = new FeatureInfo(block, network.Plan[block].OutChannels, network.Plan[block].Out);
        using var head = new AttentionHead([info], meta.GetProperty("classes").GetInt32(),
            meta.GetProperty("fusion_arc").GetString()!, meta.GetProperty("pre_pool_size").GetInt32());
        head.To(dtype);
        head.LoadStateDict(fixture.State("head."));
        var map = Second();
        var logits = head.Forward(new FeatureMaps(block, map));
        var loss = logits.CrossEntropy(fixture["labels"]);
        loss.Backward();
        foreach (var b in sources) CheckStored(fixture, $"first_pass.t{steps[0]}_b{b}", first[b]);
        CheckStored(fixture, $"feat_second.t{steps[0]}_b{block}", map);
        CheckStored(fixture, $"feat_second.b{block}", map);
        fixture.Check("logits", logits);
        fixture.Check("loss_ce", loss);
        var exact = dtype == DType.Float64;
        if (exact) fixture.CheckGradients(head, "grad.head.");
        for (var i = 0; i < layers.Length; i++)
        {
            if (exact) Assert.That(fixture.CheckGradients(layers[i], $"grad.fb.{i}."), Is.EqualTo(3));
            foreach (var statistic in new[] { "1.running_mean", "1.running_var" })
                fixture.Check($"after.fb.{i}.{statistic}", layers[i].StateDict()[statistic]);
        }
        if (!isTrained) Assert.That(network.Parameters().Select(p => p.Grad), Is.All.Null);
        else if (exact) Assert.That(fixture.CheckGradients(network, "grad.encoder."), Is.EqualTo(4));

        for (var i = 0; i < layers.Length; i++)
        {
            layers[i].LoadStateDict(fixture.State($"fb.{i}."));
            layers[i].Eval();
        }
        fixture.Check("logits_eval", head.Forward(new FeatureMaps(block, Second())));
        if (exact) fixture.AssertAllUsed();
        foreach (var layer in layers) layer.Dispose();
    }

    // Some maps are stored in full, some as their means, some not at all; AssertAllUsed sees to it that what is stored
    // is compared.
    private static void CheckFeedback(GoldenFixture fixture, Feedback feedback, int[] sources, int[] targets,
        bool training, int timestep)
    {
        if (!training) return;
        var next = new Dictionary<int, int>();
        for (var i = 0; i < sources.Length; i++)
        {
            var place = next.GetValueOrDefault(targets[i]);
            next[targets[i]] = place + 1;
            var map = feedback.For(targets[i])[place];
            CheckStored(fixture, $"feedback_out.t{timestep}_b{sources[i]}", map);
            CheckStored(fixture, $"feedback_out.b{sources[i]}", map);
            var mean = $"feedback_out_channel_mean.t{timestep}_b{sources[i]}";
            if (fixture.Names.Contains(mean)) fixture.Check(mean, map.Mean([1, 2]));
        }
    }

    private static void CheckStored(GoldenFixture fixture, string name, Tensor map)
    {
        if (fixture.Names.Contains(name)) fixture.CheckImages(name, map);
    }

    private static int[] Numbers(JsonElement list) =>
        [.. list.EnumerateArray().Select(e => int.Parse(e.GetRawText(), CultureInfo.InvariantCulture))];
}
