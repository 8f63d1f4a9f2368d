using System.Text.RegularExpressions;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Whole networks: every block's output, the result, gradients.</summary>
internal static partial class NetworkKinds
{
    public static Dictionary<string, KindRunner> Table { get; } = new()
    {
        ["unet_io"] = UNetIo,
        ["unet_activations"] = UNetActivations,
        ["classifier_io"] = ClassifierIo,
    };

    /// <summary>The U-Net that a case names, with its weights, in evaluation mode.</summary>
    public static UNet LoadUNet(VerifyCase c, string model) => LoadWeights(c, model,
        (config, weights) => new UNet(NetworkConfigs.UNet(config, weights)));

    /// <summary>The labels of a class-conditional network among the inputs, if any.</summary>
    public static Tensor? Labels(VerifyCase c) => LabelName(c) is { } name ? c.Input(name) : null;

    /// <summary>The same for one of several steps, along the first axis.</summary>
    public static Tensor? Labels(VerifyCase c, int step) => LabelName(c) is { } name ? c.Slice(name, step) : null;

    private static void UNetIo(VerifyCase c)
    {
        using var network = LoadUNet(c, c.Meta.Text("model"));
        var (steps, labels) = (c.Input("timesteps"), Labels(c));
        var x = c.Leaf("x_t", Layout.ChannelsLast);
        if (c.Has("timestep_sinusoid"))
            c.Check("timestep_sinusoid", TimestepEmbedding.Of(steps, network.Config.ModelChannels));
        if (c.Has("time_embed_out")) c.Check("time_embed_out", TimeEmbedding(c, network, steps));
        var output = network.Run(x, steps, labels, Taps.At(Enumerable.Range(1, network.Plan.Last)).AndOutput());
        CheckBlocks(c, output);
        if (c.Meta.Has("block_shapes")) CheckShapes(c, output);
        var y = output.Result;
        c.Check("out", y, Layout.ChannelsLast);
        var loss = (y * y).Mean();
        c.Check("loss_mean_sq", loss);
        loss.Backward();
        c.CheckGradients();
        c.CheckGradients(network, "grad.");
    }

    private static void UNetActivations(VerifyCase c)
    {
        var model = c.Meta.Text("model");
        using var network = LoadUNet(c, model);
        var inputs = c.Has("x_t") ? c : c.Sibling(c.Folder.Fixtures.FirstOrDefault(f => f.Kind == "unet_io"
            && new Meta(f.Meta).Text("model", "") == model)
            ?? throw new VerifyException($"the folder has no unet_io with the inputs of {model}"));
        using var no = GradMode.No();
        CheckBlocks(c, network.Run(inputs.Input("x_t", Layout.ChannelsLast), inputs.Input("timesteps"), Labels(inputs),
            Taps.At(Enumerable.Range(1, network.Plan.Last))));
    }

    private static void ClassifierIo(VerifyCase c)
    {
        using var network = LoadWeights(c, c.Meta.Text("model"),
            (config, weights) => new EncoderUNet(NetworkConfigs.Encoder(config, weights)));
        var x = c.Leaf("x_t", Layout.ChannelsLast);
        var output = network.Run(x, c.Input("timesteps"), Taps.At(Enumerable.Range(1, network.Plan.Last)).AndOutput());
        CheckBlocks(c, output);
        c.Check("logits", output.Result);
        var loss = output.Result.CrossEntropy(c.Input("labels"));
        c.Check("loss_ce", loss);
        loss.Backward(retainGraph: true);
        c.CheckGradients();
        c.CheckGradients(network, "grad.");
        if (!c.Has("guidance_grad_x")) return;
        // Guidance follows the summed log probability of the labels, whose negative mean the loss is.
        var guidance = (loss * -(double)x.Shape[0]).GradientsOf([x])[0]!;
        c.Check("guidance_grad_x", guidance, Layout.ChannelsLast);
    }

    private static string? LabelName(VerifyCase c)
    {
        ReadOnlySpan<string> names = ["y", "labels"];
        foreach (var name in names)
            if (c.Has(name) && !c.Data[name].DType.IsFloating()) return name;
        return null;
    }

    private static T LoadWeights<T>(VerifyCase c, string model, Func<Meta, FixtureData, T> make) where T : UNetTrunk
    {
        var fixture = c.Folder.Find($"{model}/weights");
        var weights = FixtureData.Read(c.Folder, fixture);
        var network = c.Load(make(new Meta(fixture.Meta).Object("config"), weights), weights.Tensors);
        network.Eval();
        if (c.Memory == MemoryMode.Lean) network.RequiresGrad(false);
        network.UseMemory(c.Memory);
        return network;
    }

    // The output of time_embed alone; a class-conditional network adds the labels' embedding to it.
    private static Tensor TimeEmbedding(VerifyCase c, UNet network, Tensor steps)
    {
        using var no = GradMode.No();
        if (network.Config.NumClasses is null) return network.Embed(steps);
        var layers = network.NamedModules().ToDictionary(m => m.Path, m => m.Module);
        var h = TimestepEmbedding.Of(steps, network.Config.ModelChannels).To(c.DType);
        return ((Linear)layers["time_embed.2"]).Forward(((Linear)layers["time_embed.0"]).Forward(h).Silu());
    }

    private static void CheckBlocks(VerifyCase c, UNetOutput output)
    {
        foreach (var name in c.Names.ToArray())
            if (BlockName().Match(name) is { Success: true } match)
                c.Check(name, output[int.Parse(match.Groups[1].ValueSpan)], Layout.ChannelsLast);
    }

    private static void CheckShapes(VerifyCase c, UNetOutput output)
    {
        var expected = c.Meta.Lists("block_shapes");
        c.Require("block_shapes", expected.Count == output.Blocks.Count, $"expected {expected.Count} blocks, found "
            + $"{output.Blocks.Count}");
        for (var i = 0; i < Math.Min(expected.Count, output.Blocks.Count); i++)
        {
            var found = Layouts.ToStored(output[i + 1].Detach(), Layout.ChannelsLast).Shape;
            c.Require($"block_shapes[{i}]", found == Shape.Of(expected[i]),
                $"expected {Shape.Of(expected[i])}, found {found}");
        }
    }

    [GeneratedRegex(@"^block_(\d{1,6})$")]
    private static partial Regex BlockName();
}
