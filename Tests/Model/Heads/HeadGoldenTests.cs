using System.Globalization;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Heads, forward and backward, against PyTorch.</summary>
[TestFixture]
internal sealed class HeadGoldenTests
{
    private static IEnumerable<string> LinearHeads => Goldens.OfKind("linear_head");

    private static IEnumerable<string> AttentionHeads => Goldens.OfKind("fusion_head");

    [TestCaseSource(nameof(LinearHeads))]
    public void Linear_heads(string name)
    {
        using var fixture = new GoldenFixture(name);
        using var scope = Scope.Open();
        var maps = Maps(fixture);
        var hidden = fixture.Meta.GetProperty("head_arc").GetString()!
            .Split('_', StringSplitOptions.RemoveEmptyEntries).Select(w => int.Parse(w, CultureInfo.InvariantCulture));
        using var head = new LinearHead(Infos(maps), fixture.Meta.GetProperty("classes").GetInt32(),
            fixture.Meta.GetProperty("pool").GetInt32(), [.. hidden], maps.Timesteps);
        Check(fixture, head, maps);
    }

    [TestCaseSource(nameof(AttentionHeads))]
    public void Attention_heads(string name)
    {
        using var fixture = new GoldenFixture(name);
        using var scope = Scope.Open();
        var maps = Maps(fixture);
        var meta = fixture.Meta;
        // A fixture without the setting keeps its maps as they are.
        var pool = meta.TryGetProperty("pre_pool_size", out var size) ? size.GetInt32() : 16;
        var isBatch = meta.TryGetProperty("norm", out var kind) && kind.GetString() == "batch";
        using var head = new AttentionHead(Infos(maps), meta.GetProperty("classes").GetInt32(),
            meta.GetProperty("fusion_arc").GetString()!, pool,
            isBatch ? TokenNorm.Batch : TokenNorm.Layer, maps.Timesteps);
        Check(fixture, head, maps);
    }

    private static void Check(GoldenFixture fixture, Head head, FeatureMaps maps)
    {
        head.LoadStateDict(fixture.State("head."));
        var logits = head.Forward(maps);
        var loss = logits.CrossEntropy(fixture["labels"]);
        loss.Backward();
        fixture.Check("logits", logits);
        fixture.Check("loss_ce", loss);
        Assert.That(fixture.CheckGradients(head, "grad.head."),
            Is.EqualTo(head.State().Count(p => !p.Parameter.IsBuffer)));
        for (var t = 0; t < maps.Timesteps; t++)
            foreach (var (block, map) in maps[t]) fixture.CheckImages($"grad_feat.t{t}_b{block}", map.Grad!);
        foreach (var name in fixture.Names.Where(n => n.StartsWith("after.", StringComparison.Ordinal)))
            fixture.Check(name, head.StateDict()[name["after.head.".Length..]]);
        if (fixture.Names.Contains("logits_eval"))
        {
            head.LoadStateDict(fixture.State("head."));
            head.Eval();
            fixture.Check("logits_eval", head.Forward(maps));
        }
        fixture.AssertAllUsed();
    }

    private static FeatureMaps Maps(GoldenFixture fixture) => new([.. fixture.Names
        .Where(n => n.StartsWith('t') && n.Contains("_b", StringComparison.Ordinal))
        .Select(n => (Name: n, Timestep: Number(n[1..].Split("_b")[0]), Block: Number(n.Split("_b")[1])))
        .OrderBy(n => n.Timestep).ThenBy(n => n.Block).GroupBy(n => n.Timestep)
        .Select(step => (IReadOnlyList<FeatureMap>)[.. step
            .Select(n => new FeatureMap(n.Block, fixture.ImageLeaf(n.Name)))])]);

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static List<FeatureInfo> Infos(FeatureMaps maps) => [.. maps[0].Select(m =>
        new FeatureInfo(m.Block, m.Map.Shape.Int(3), new MapSize(m.Map.Shape.Int(1), m.Map.Shape.Int(2))))];
}
