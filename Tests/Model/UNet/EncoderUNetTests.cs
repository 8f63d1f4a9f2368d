using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>The classifier's pools, and the rarer settings of the trunk.</summary>
[TestFixture]
internal sealed class EncoderUNetTests
{
    private static readonly EncoderUNetConfig Tiny = new()
    {
        ImageSize = 16,
        ModelChannels = 32,
        ChannelMult = [1, 2],
        NumResBlocks = 1,
        AttentionResolutions = [2],
        NumHeadChannels = 16,
        OutChannels = 7,
    };

    [Test]
    public void Spatial_pools_see_the_means_of_every_block(
        [Values(EncoderPool.Spatial, EncoderPool.SpatialV2)] EncoderPool pool)
    {
        using var scope = Scope.Open();
        using var network = Random(new EncoderUNet(Tiny with { Pool = pool }));
        var (x, t) = Input();
        var output = network.Run(x, t, Taps.At(Enumerable.Range(1, network.Plan.Last)).AndOutput());
        var means = Tensor.Concat(1, [.. output.Blocks.Values.Select(map => map.Mean([1, 2]))]);
        var state = network.StateDict();
        var h = means.Linear(state["out.0.weight"], state["out.0.bias"]);
        h = pool == EncoderPool.Spatial ? h.Relu() : h.GroupNorm(32, state["out.1.weight"], state["out.1.bias"]).Silu();
        var last = pool == EncoderPool.Spatial ? "out.2" : "out.3";
        var expected = h.Linear(state[last + ".weight"], state[last + ".bias"]);
        Assert.That(output.Result.ToArray<float>(), Is.EqualTo(expected.ToArray<float>()).Within(1e-5));
        Assert.That(network.Forward(x, t).ToArray<float>(), Is.EqualTo(output.Result.ToArray<float>()));
    }

    [Test]
    public void The_adaptive_pool_is_a_mean_and_a_convolution()
    {
        using var scope = Scope.Open();
        using var network = Random(new EncoderUNet(Tiny with { Pool = EncoderPool.Adaptive }));
        var (x, t) = Input();
        var output = network.Run(x, t, Taps.At(network.Plan.Last).AndOutput());
        var state = network.StateDict();
        var h = output[network.Plan.Last].GroupNorm(32, state["out.0.weight"], state["out.0.bias"]).Silu().Mean([1, 2]);
        var expected = h.Linear(state["out.3.weight"].Reshape([7, 64]), state["out.3.bias"]);
        Assert.That(output.Result.ToArray<float>(), Is.EqualTo(expected.ToArray<float>()).Within(1e-5));
    }

    [Test]
    public void Taps_stop_before_the_pool()
    {
        using var scope = Scope.Open();
        using var network = Random(new EncoderUNet(Tiny));
        var (x, t) = Input(size: 8);
        Assert.That(network.Run(x, t, Taps.At(2))[2].Shape, Is.EqualTo(Shape.Of(2, 8, 8, 32)));
        Assert.That(() => network.Forward(x, t), Throws.TypeOf<ShapeException>().With.Message.Contains("8 x 8"));
    }

    [Test]
    public void An_attention_pool_needs_the_width_of_its_heads() => Assert.That(
        () => new EncoderUNet(Tiny with { NumHeadChannels = null, NumHeads = 4 }),
        Throws.ArgumentException.With.Message.Contains("NumHeadChannels"));

    [Test]
    public void Resolution_layers_of_their_own_run([Values] bool conv, [Values] bool scaleShift)
    {
        using var scope = Scope.Open();
        using var network = Random(new UNet(new UNetConfig
        {
            ImageSize = 16,
            ModelChannels = 32,
            ChannelMult = [1, 1],
            NumResBlocks = 1,
            AttentionResolutions = [2],
            NumHeads = 2,
            NumHeadsUpsample = 4,
            ResblockUpdown = false,
            ConvResample = conv,
            UseScaleShiftNorm = scaleShift,
        }));
        Assert.That(network.Plan.Blocks.Select(b => (b.Content, b.Heads)), Is.EqualTo(new[]
        {
            ("Conv 3x3", 0), ("Res", 0), ("Down", 0), ("Res+Attn", 2), ("Res+Attn+Res", 2), ("Res+Attn", 4),
            ("Res+Attn+Up", 4), ("Res", 0), ("Res", 0),
        }));
        var (x, t) = Input();
        var y = network.Forward(x, t);
        network.To(DType.Float64);
        var exact = network.Forward(x.To(DType.Float64), t).ToArray<double>();
        Assert.That(y.Shape, Is.EqualTo(Shape.Of(2, 16, 16, 6)));
        Assert.That(y.ToArray<float>(), Is.EqualTo(exact.Select(v => (float)v)).Within(1e-4));
    }

    private static T Random<T>(T network) where T : UNetTrunk
    {
        network.Initialise(new Generator(8));
        foreach (var (_, parameter) in network.State())
            using (Scope.Open())
                parameter.Assign(parameter.Value + Tensor.Randn(parameter.Shape, new Generator(9)) * 0.05f);
        network.RequiresGrad(false);
        return network;
    }

    private static (Tensor X, Tensor T) Input(int size = 16) =>
        (Tensor.Randn([2, size, size, 3], new Generator(1)), Tensor.From(5L, 500L));
}
