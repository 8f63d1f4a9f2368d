using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Diffract.Peers;

/// <summary>Features of 8 images of 64 x 64 from a frozen network, then one optimiser step of the Attention head on
/// them.</summary>
internal sealed class HeadStep : TrainingStep
{
    private const int Batch = 8, Block = 24, Width = 1024, Heads = 8, Layers = 2, Classes = 1000;

    private static readonly long[] map = [192, 16, 16];

    private readonly Settings settings;
    private readonly Dictionary<string, Tensor> frozen;
    private readonly Adm network;
    private readonly Tensor x, t, labels;

    public HeadStep(Settings settings) : base(Shapes(), settings)
    {
        this.settings = settings;
        frozen = settings.Parameters(ParameterShapes.Of(Plan.Small64, Block));
        network = new Adm(Plan.Small64, frozen, Block, settings);
        x = settings.Data("x", Batch, 3, 64, 64);
        t = full([Batch], 150f).DetachFromDisposeScope();
        labels = (arange(Batch) * 125).DetachFromDisposeScope();
    }

    public override void Dispose()
    {
        base.Dispose();
        foreach (var tensor in frozen.Values.Concat([x, t, labels])) tensor.Dispose();
    }

    protected override Tensor Loss(bool check)
    {
        Tensor features;
        using (no_grad()) features = network.Forward(x, t);
        var h = F.layer_norm(features, map, Parameters["pre_layer.24.1.weight"], Parameters["pre_layer.24.1.bias"]);
        h = F.conv2d(h, Parameters["pre_layer.24.2.weight"], Parameters["pre_layer.24.2.bias"]);
        h = h.flatten(2).transpose(1, 2);
        h = cat([Parameters["intra_inter_block_attention.cls_token"].expand(Batch, 1, -1), h], 1);
        for (var i = 1; i <= Layers; i++) h = Transform(h, $"intra_inter_block_attention.layers.{i}.");
        return F.cross_entropy(Linear(h.select(1, 0), "head"), labels);
    }

    private static ParameterShapes Shapes()
    {
        var shapes = new ParameterShapes
        {
            ["pre_layer.24.1.weight"] = map,
            ["pre_layer.24.1.bias"] = map,
            ["intra_inter_block_attention.cls_token"] = [1, 1, Width],
        };
        shapes.Linear("pre_layer.24.2", Width, map[0], 1, 1);
        for (var i = 1; i <= Layers; i++)
        {
            var name = $"intra_inter_block_attention.layers.{i}.";
            shapes.Norm($"{name}norm1", Width);
            shapes.Norm($"{name}norm2", Width);
            shapes.Add($"{name}attn.qkv.weight", [3 * Width, Width]);
            shapes.Linear($"{name}attn.proj", Width, Width);
            shapes.Linear($"{name}mlp.fc1", 4 * Width, Width);
            shapes.Linear($"{name}mlp.fc2", Width, 4 * Width);
        }
        shapes.Linear("head", Classes, Width);
        return shapes;
    }

    private Tensor Transform(Tensor x, string name)
    {
        var tokens = x.shape[1];
        var h = F.linear(Norm(x, $"{name}norm1"), Parameters[$"{name}attn.qkv.weight"]);
        var parts = h.reshape(Batch, tokens, 3, Heads, Width / Heads).permute(2, 0, 3, 4, 1).flatten(1, 2).unbind();
        h = Adm.Attention(parts[0], parts[1], parts[2], settings.Fused).reshape(Batch, Width, tokens).transpose(1, 2);
        x = x + Linear(h, $"{name}attn.proj");
        h = F.gelu(Linear(Norm(x, $"{name}norm2"), $"{name}mlp.fc1"));
        return x + Linear(h, $"{name}mlp.fc2");
    }

    private Tensor Norm(Tensor x, string name) =>
        F.layer_norm(x, [Width], Parameters[$"{name}.weight"], Parameters[$"{name}.bias"]);

    private Tensor Linear(Tensor x, string name) =>
        F.linear(x, Parameters[$"{name}.weight"], Parameters[$"{name}.bias"]);
}
