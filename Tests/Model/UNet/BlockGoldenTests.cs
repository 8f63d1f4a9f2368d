using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>The network's parts, forward and backward, against PyTorch.</summary>
[TestFixture]
internal sealed class BlockGoldenTests
{
    private static IEnumerable<string> ResBlocks => Goldens.OfKind("resblock");

    private static IEnumerable<string> AttentionBlocks => Goldens.OfKind("attention_block");

    [TestCaseSource(nameof(ResBlocks))]
    public void Residual_blocks(string name)
    {
        using var fixture = new GoldenFixture(name);
        using var scope = Scope.Open();
        var (x, y) = (fixture["x"].Shape, fixture["y"].Shape);
        var skip = fixture.Meta.GetProperty("skip").GetString() == "conv3x3" ? SkipKind.Conv3x3 : SkipKind.Auto;
        using var block = new ResBlock(new ResPlan(x.Int(1), y.Int(1), new(x.Int(2), x.Int(3)), new(y.Int(2), y.Int(3)),
            fixture["emb"].Shape.Int(1), fixture.Meta.GetProperty("scale_shift").GetBoolean(), 0, skip));
        block.LoadStateDict(fixture.State("m."));
        var emb = fixture.Leaf("emb");
        Check(fixture, block, map => block.Forward(map, emb));
        fixture.Check("grad_emb", emb.Grad!);
    }

    [TestCaseSource(nameof(AttentionBlocks))]
    public void Attention_blocks(string name)
    {
        using var fixture = new GoldenFixture(name);
        using var scope = Scope.Open();
        var channels = fixture["x"].Shape.Int(1);
        var heads = fixture.Meta.TryGetProperty("num_heads", out var number)
            ? number.GetInt32()
            : channels / fixture.Meta.GetProperty("num_head_channels").GetInt32();
        using var block = new AttentionBlock(channels, heads, fixture.Meta.GetProperty("new_order").GetBoolean());
        block.LoadStateDict(fixture.State("m."));
        Check(fixture, block, block.Forward);
    }

    [TestCase("blocks/downsample_conv")]
    public void Down_sampling_convolution(string name)
    {
        using var fixture = new GoldenFixture(name);
        using var scope = Scope.Open();
        using var layer = new Downsample(fixture["x"].Shape.Int(1), useConv: true);
        layer.LoadStateDict(fixture.State("m."));
        Check(fixture, layer, layer.Forward);
    }

    [TestCase("blocks/upsample_conv")]
    public void Up_sampling_convolution(string name)
    {
        using var fixture = new GoldenFixture(name);
        using var scope = Scope.Open();
        using var layer = new Upsample(fixture["x"].Shape.Int(1), useConv: true);
        layer.LoadStateDict(fixture.State("m."));
        Check(fixture, layer, layer.Forward);
    }

    [TestCase("ops/attention_pool2d")]
    public void Attention_pool(string name)
    {
        using var fixture = new GoldenFixture(name);
        using var scope = Scope.Open();
        var meta = fixture.Meta;
        using var pool = new AttentionPool2d(meta.GetProperty("spatial").GetInt32(), fixture["x"].Shape.Int(1),
            meta.GetProperty("num_head_channels").GetInt32(), meta.GetProperty("out_dim").GetInt32());
        pool.LoadStateDict(fixture.State("pool."));
        var x = fixture.ImageLeaf("x");
        var y = pool.Forward(x);
        y.Backward(fixture["gy"]);
        fixture.Check("y", y);
        fixture.CheckImages("grad_x", x.Grad!);
        Assert.That(fixture.CheckGradients(pool, "grad_pool."), Is.EqualTo(5));
    }

    [TestCase("ops/vit_block")]
    public void Transformer_block(string name)
    {
        using var fixture = new GoldenFixture(name);
        using var scope = Scope.Open();
        var meta = fixture.Meta;
        using var block = new TransformerBlock(meta.GetProperty("dim").GetInt32(), meta.GetProperty("heads").GetInt32(),
            meta.GetProperty("mlp_ratio").GetDouble());
        block.LoadStateDict(fixture.State("block."));
        var x = fixture.Leaf("x");
        var y = block.Forward(x);
        y.Backward(fixture["gy"]);
        fixture.Check("y", y);
        fixture.Check("grad_x", x.Grad!);
        Assert.That(fixture.CheckGradients(block, "grad_block."), Is.EqualTo(11));
    }

    [TestCase("ops/timestep_embedding")]
    public void Time_step_features(string name)
    {
        using var fixture = new GoldenFixture(name);
        using var scope = Scope.Open();
        Assert.Multiple(() =>
        {
            Check("embedding_dim32", "timesteps", 32);
            Check("embedding_dim256", "timesteps", 256);
            Check("embedding_dim33", "timesteps", 33);
            Check("embedding_float_dim32", "timesteps_float", 32);
        });

        // The fixture's own tolerance: the argument t f is a float32, whose rounding at t = 999 is 3e-5.
        void Check(string expected, string timesteps, int features) =>
            Assert.That(TimestepEmbedding.Of(fixture[timesteps], features).ToArray<float>(),
                Is.EqualTo(fixture[expected].ToArray<float>()).Within(5e-5f), expected);
    }

    private static void Check(GoldenFixture fixture, Module module, Func<Tensor, Tensor> run)
    {
        var x = fixture.ImageLeaf("x");
        var y = run(x);
        y.Backward(fixture.Images("gy"));
        fixture.CheckImages("y", y);
        fixture.CheckImages("grad_x", x.Grad!);
        Assert.That(fixture.CheckGradients(module, "grad_m."), Is.EqualTo(module.State().Count()));
    }
}
