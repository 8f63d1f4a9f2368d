using System.Globalization;
using System.Text.Json;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Backbone, noise and head together, against PyTorch: GD(L), the attention head, DifFormer, fine-tuning.
/// </summary>
[TestFixture]
internal sealed class SystemGoldenTests
{
    [TestCase("systems/gd_linear")]
    [TestCase("systems/gd_linear_finetune")]
    [TestCase("systems/attention")]
    [TestCase("systems/difformer")]
    public void Whole_systems(string name)
    {
        using var fixture = new GoldenFixture(name);
        using var scope = Scope.Open();
        var meta = fixture.Meta;
        var timesteps = List(meta.GetProperty("t_list"));
        var blocks = List(meta.GetProperty("first_fw_b_list"));
        var isFrozen = meta.GetProperty("mode").GetString() == "freeze";
        using var network = UNetGoldenTests.Load(meta.GetProperty("backbone").GetString()!);
        network.RequiresGrad(!isFrozen);
        using var head = Head(meta, network, blocks, timesteps.Length);
        head.LoadStateDict(fixture.State("head."));

        var maps = new FeatureMaps([.. timesteps.Select((t, i) => Maps(fixture, network, blocks, t, i))]);
        var logits = head.Forward(maps);
        var loss = logits.CrossEntropy(fixture["labels"]);
        loss.Backward();
        fixture.Check("logits", logits);
        fixture.Check("loss_ce", loss);
        Assert.That(fixture.CheckGradients(head, "grad.head."), Is.EqualTo(head.State().Count()));
        Assert.That(fixture.CheckGradients(network, "grad.encoder."), Is.EqualTo(isFrozen ? 0 : 4));
        if (isFrozen) Assert.That(network.Parameters().Select(p => p.Grad), Is.All.Null);
        fixture.AssertAllUsed();
    }

    private static IReadOnlyList<FeatureMap> Maps(GoldenFixture fixture, UNet network, int[] blocks, int t, int index)
    {
        var diffusion = new GaussianDiffusion(NoiseSchedule.Linear());
        var x0 = fixture.Images("x0");
        var steps = Enumerable.Repeat(t, x0.Shape.Int(0)).ToArray();
        var x = diffusion.QSample(x0, steps, Noise(fixture, index));
        var output = network.Run(x, diffusion.Timesteps(steps), taps: Taps.At(blocks));
        // Some steps and blocks are not stored; that all stored ones are checked is asserted in the end.
        CheckIfStored($"x_t.{t}", x);
        foreach (var b in blocks) CheckIfStored($"feat_first.t{t}_b{b}", output[b]);
        return [.. blocks.Select(b => new FeatureMap(b, output[b]))];

        void CheckIfStored(string name, Tensor map)
        {
            if (fixture.Names.Contains(name)) fixture.CheckImages(name, map);
        }
    }

    /// <summary>The stored noise of one time step, [t index, N, C, H, W], channels last.</summary>
    private static Tensor Noise(GoldenFixture fixture, int index)
    {
        var noise = fixture["noise"];
        return noise.Slice(0, index, 1).Reshape(noise.Shape[1..]).Permute(0, 2, 3, 1).Contiguous();
    }

    private static Head Head(JsonElement meta, UNet network, int[] blocks, int timesteps)
    {
        var plan = network.Plan;
        FeatureInfo[] infos = [.. blocks.Select(b => new FeatureInfo(b, plan[b].OutChannels, plan[b].Out))];
        var (pool, classes) = (meta.GetProperty("pre_pool_size").GetInt32(), meta.GetProperty("classes").GetInt32());
        return meta.GetProperty("fusion_arc").GetString() is { } layers
            ? new AttentionHead(infos, classes, layers, pool, timesteps: timesteps)
            : new LinearHead(infos, classes, pool, timesteps: timesteps);
    }

    private static int[] List(JsonElement list) =>
        [.. list.EnumerateArray().Select(e => int.Parse(e.GetRawText(), CultureInfo.InvariantCulture))];
}
