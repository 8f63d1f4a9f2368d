using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Whole networks against PyTorch: every block's output, the result, and gradients.</summary>
[TestFixture]
internal sealed class UNetGoldenTests
{
    [TestCase("adm_tiny", 13)]
    [TestCase("adm37", 37)]
    public void Forward_gives_every_blocks_output(string model, int count)
    {
        using var network = Load(model);
        using var io = new GoldenFixture($"{model}/io");
        using var activations = new GoldenFixture($"{model}/activations");
        using var no = GradMode.No();
        using var scope = Scope.Open();
        Assert.That(network.Plan.Last, Is.EqualTo(count));
        var taps = Taps.At(Enumerable.Range(1, count)).AndOutput();
        var output = network.Run(io.Images("x_t"), io["timesteps"], taps: taps);
        Assert.Multiple(() =>
        {
            foreach (var name in activations.Names)
                activations.CheckImages(name, output[int.Parse(name["block_".Length..])]);
            io.CheckImages("out", output.Result);
            io.Check("timestep_sinusoid", TimestepEmbedding.Of(io["timesteps"], network.Config.ModelChannels));
            io.Check("time_embed_out", network.Embed(io["timesteps"]));
        });
        Assert.That(output.Blocks.Values.Select(b => new[] { b.Shape[0], b.Shape[3], b.Shape[1], b.Shape[2] }),
            Is.EqualTo(io.Meta.GetProperty("block_shapes").EnumerateArray()
                .Select(s => s.EnumerateArray().Select(l => l.GetInt64()).ToArray())));
    }

    [TestCase("adm_tiny", false)]
    [TestCase("adm_tiny", true)]
    [TestCase("adm37", false)]
    [TestCase("adm37", true)]
    public void Backward_gives_the_gradients(string model, bool recompute)
    {
        using var network = Load(model);
        network.RecomputeBlocks = recompute;
        using var io = new GoldenFixture($"{model}/io");
        using var scope = Scope.Open();
        var x = io.ImageLeaf("x_t");
        var y = network.Forward(x, io["timesteps"]);
        var loss = (y * y).Mean();
        loss.Backward();
        io.CheckImages("out", y);
        io.Check("loss_mean_sq", loss);
        io.CheckImages("grad_x_t", x.Grad!);
        Assert.That(io.CheckGradients(network, "grad."), Is.GreaterThan(9));
    }

    [TestCase("classifier_tiny")]
    public void Classifier(string model)
    {
        using var weights = new GoldenFixture($"{model}/weights");
        using var network = new EncoderUNet(GoldenConfig.Encoder(weights.Meta.GetProperty("config")));
        network.LoadStateDict(weights.State());
        using var io = new GoldenFixture($"{model}/io");
        using var scope = Scope.Open();
        var x = io.ImageLeaf("x_t");
        var output = network.Run(x, io["timesteps"], Taps.At(3, 5).AndOutput());
        var loss = output.Result.CrossEntropy(io["labels"]);
        loss.Backward(retainGraph: true);
        Assert.Multiple(() =>
        {
            io.Check("logits", output.Result);
            io.Check("loss_ce", loss);
            io.CheckImages("block_03", output[3]);
            io.CheckImages("block_05", output[5]);
        });
        Assert.That(io.CheckGradients(network, "grad."), Is.EqualTo(5));
        // The guidance gradient is that of the summed log probability: the loss is its negative mean.
        var guidance = (loss * -(float)x.Shape[0]).GradientsOf([x])[0]!;
        io.CheckImages("guidance_grad_x", guidance);
    }

    internal static UNet Load(string model)
    {
        using var weights = new GoldenFixture($"{model}/weights");
        var network = new UNet(GoldenConfig.UNet(weights.Meta.GetProperty("config")));
        network.LoadStateDict(weights.State());
        return network;
    }
}
