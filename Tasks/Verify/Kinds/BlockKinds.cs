using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Parts of networks.</summary>
internal static class BlockKinds
{
    public static Dictionary<string, KindRunner> Table { get; } = new()
    {
        ["resblock"] = Residual,
        ["attention_block"] = Attention,
        ["downsample_conv"] = c => OnMaps(c, new Downsample(c.Data["x"].Shape.Int(1), useConv: HasParameters(c))),
        ["upsample_conv"] = c => OnMaps(c, new Upsample(c.Data["x"].Shape.Int(1), useConv: HasParameters(c))),
        ["transformer_block"] = Transformer,
        ["attention_pool2d"] = AttentionPool,
    };

    private static void Residual(VerifyCase c)
    {
        var (x, y) = (c.Data["x"].Shape, c.Data["y"].Shape);
        var skip = c.Meta.Text("skip", "") == "conv3x3" ? SkipKind.Conv3x3 : SkipKind.Auto;
        var plan = new ResPlan(x.Int(1), y.Int(1), SizeOf(x), SizeOf(y), c.Data["emb"].Shape.Int(1),
            c.Meta.Flag("scale_shift", true), Dropout: 0, skip);
        if (c.Meta.Text("resample", Name(plan.Resampling)) != Name(plan.Resampling))
            throw new VerifyException($"meta.resample does not fit a block from {x} to {y}");
        using var block = c.Load(new ResBlock(plan), "m.");
        var emb = c.Leaf("emb");
        var map = c.Leaf("x", Layout.ChannelsLast);
        c.CheckBackward(block.Forward(map, emb), Layout.ChannelsLast);
        c.CheckGradients(block, "grad_m.");
    }

    private static void Attention(VerifyCase c)
    {
        var channels = c.Data["x"].Shape.Int(1);
        var heads = c.Meta.Has("num_head_channels") && c.Meta.Int("num_head_channels") > 0
            ? channels / c.Meta.Int("num_head_channels")
            : c.Meta.Int("num_heads", 1);
        OnMaps(c, new AttentionBlock(channels, heads, c.Meta.Flag("new_order", false)));
    }

    private static void OnMaps(VerifyCase c, Layer layer)
    {
        using var loaded = c.Load(layer, "m.");
        c.CheckBackward(loaded.Forward(c.Leaf("x", Layout.ChannelsLast)), Layout.ChannelsLast);
        c.CheckGradients(loaded, "grad_m.");
    }

    private static void Transformer(VerifyCase c)
    {
        var width = c.Data["x"].Shape.Int(-1);
        using var block = c.Load(new TransformerBlock(width, c.Meta.Int("heads"), c.Meta.Number("mlp_ratio", 4),
            qkvBias: c.Has("block.attn.qkv.bias")), "block.");
        c.CheckBackward(block.Forward(c.Leaf("x")));
        c.CheckGradients(block, "grad_block.");
    }

    private static void AttentionPool(VerifyCase c)
    {
        var x = c.Data["x"].Shape;
        using var pool = c.Load(new AttentionPool2d(c.Meta.Int("spatial", x.Int(2)), x.Int(1),
            c.Meta.Int("num_head_channels"), c.Meta.Int("out_dim", c.Data["y"].Shape.Int(1))), "pool.");
        c.CheckBackward(pool.Forward(c.Leaf("x", Layout.ChannelsLast)));
        c.CheckGradients(pool, "grad_pool.");
    }

    private static bool HasParameters(VerifyCase c) => c.Names.Any(n => n.StartsWith("m.", StringComparison.Ordinal));

    private static MapSize SizeOf(Shape stored) => new(stored.Int(2), stored.Int(3));

    private static string Name(Model.Resampling resampling) => resampling switch
    {
        Model.Resampling.Down => "down",
        Model.Resampling.Up => "up",
        _ => "none",
    };
}
