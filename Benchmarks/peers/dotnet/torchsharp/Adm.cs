using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Diffract.Peers;

/// <summary>The diffusion U-Net with TorchSharp's functions, over a dictionary of tensors under the checkpoints' names.
/// Intermediate tensors are released as soon as nobody reads them.</summary>
/// <param name="plan">The network.</param>
/// <param name="parameters">Its tensors; not owned.</param>
/// <param name="last">Stops after that block, and gives its map; 0 for the whole network.</param>
/// <param name="settings">How the library is used.</param>
internal sealed class Adm(Plan plan, IReadOnlyDictionary<string, Tensor> parameters, int last, Settings settings)
{
    /// <summary>Runs the network.</summary>
    /// <param name="x">[N, 3, H, W].</param>
    /// <param name="t">[N].</param>
    public Tensor Forward(Tensor x, Tensor t)
    {
        using var scope = NewDisposeScope();
        var (h, emb, kept) = (settings.Format(x), Embed(t), new Stack<Tensor>());
        foreach (var block in plan.Blocks.Take(last > 0 ? last : int.MaxValue))
        {
            if (block.Skip)
            {
                var (before, skip) = (h, kept.Pop());
                h = cat([before, skip], 1);
                before.Dispose();
                skip.Dispose();
            }
            h = Block(block, h, emb);
            if (block.Name.StartsWith("input", StringComparison.Ordinal)) kept.Push(h);
        }
        if (last == 0) h = Then(Then(Norm(h, "out.0"), Silu), y => Conv(y, "out.2"));
        return h.MoveToOuterDisposeScope();
    }

    /// <summary>A residual block.</summary>
    public Tensor Residual(string prefix, Tensor x, Tensor emb, int resample = 0)
    {
        using var scope = NewDisposeScope();
        var h = Then(Norm(x, $"{prefix}in_layers.0"), Silu);
        if (resample != 0)
        {
            Func<Tensor, Tensor> scale = resample < 0 ? Halve : Double;
            h = Then(h, scale);
            x = scale(x);
        }
        h = Then(h, y => Conv(y, $"{prefix}in_layers.2"));
        using var active = F.silu(emb);
        var e = Linear(active, $"{prefix}emb_layers.1").unsqueeze(-1).unsqueeze(-1).chunk(2, 1);
        h = Then(h, y => Norm(y, $"{prefix}out_layers.0"));
        h = Then(h, y => y * (1 + e[0]));
        h = Then(h, y => y + e[1]);
        h = Then(h, Silu);
        h = Then(h, y => Conv(y, $"{prefix}out_layers.3"));
        if (parameters.ContainsKey($"{prefix}skip_connection.weight")) x = Conv(x, $"{prefix}skip_connection", 0);
        return Then(h, y => x + y).MoveToOuterDisposeScope();
    }

    /// <summary>Attention of q, k and v [heads, channels, tokens].</summary>
    public static Tensor Attention(Tensor q, Tensor k, Tensor v, bool fused)
    {
        if (fused)
        {
            static Tensor Rows(Tensor t) => t.transpose(1, 2).unsqueeze(0);
            return F.scaled_dot_product_attention(Rows(q), Rows(k), Rows(v)).squeeze(0).transpose(1, 2);
        }
        var w = F.softmax(bmm(q.transpose(1, 2) * (1 / Math.Sqrt(q.shape[1])), k), -1);
        return bmm(v, w.transpose(1, 2));
    }

    private Tensor Block(PlanBlock block, Tensor h, Tensor emb)
    {
        // An encoder's input is still wanted by the decoder; a decoder's is a concatenation of its own.
        var owned = block.Skip;
        for (var i = 0; i < block.Layers.Count; i++)
        {
            var (name, layer) = ($"{block.Name}.{i}", block.Layers[i]);
            var y = layer.Kind switch
            {
                'c' => Conv(h, name),
                'r' => Residual($"{name}.", h, emb, layer.Resample),
                _ => Attend(name, h),
            };
            if (owned) h.Dispose();
            (h, owned) = (y, true);
        }
        return h;
    }

    private Tensor Attend(string name, Tensor map)
    {
        using var scope = NewDisposeScope();
        long n = map.shape[0], c = map.shape[1], tokens = map.shape[2] * map.shape[3], d = plan.HeadChannels;
        var x = map.reshape(n, c, tokens);
        var qkv = F.conv1d(Norm(x, $"{name}.norm"), parameters[$"{name}.qkv.weight"], parameters[$"{name}.qkv.bias"]);
        var heads = n * c / d;
        var parts = plan.NewOrder
            ? [.. qkv.chunk(3, 1).Select(part => part.reshape(heads, d, tokens))]
            : qkv.reshape(heads, 3 * d, tokens).split(d, 1);
        var a = Attention(parts[0], parts[1], parts[2], settings.Fused).reshape(n, c, tokens);
        a = F.conv1d(a, parameters[$"{name}.proj_out.weight"], parameters[$"{name}.proj_out.bias"]);
        return (x + a).reshape(map.shape).MoveToOuterDisposeScope();
    }

    private Tensor Embed(Tensor t)
    {
        using var scope = NewDisposeScope();
        var half = plan.Width / 2;
        var frequencies = exp(arange(half, dtype: ScalarType.Float32) * -Math.Log(10000) / half);
        var angles = t.to(ScalarType.Float32).unsqueeze(1) * frequencies.unsqueeze(0);
        var e = F.silu(Linear(cat([cos(angles), sin(angles)], 1), "time_embed.0"));
        return Linear(e, "time_embed.2").MoveToOuterDisposeScope();
    }

    private Tensor Linear(Tensor x, string name) =>
        F.linear(x, parameters[$"{name}.weight"], parameters[$"{name}.bias"]);

    private Tensor Conv(Tensor x, string name, long padding = 1) =>
        F.conv2d(x, parameters[$"{name}.weight"], parameters[$"{name}.bias"], padding: [padding, padding]);

    private Tensor Norm(Tensor x, string name) =>
        F.group_norm(x, 32, parameters[$"{name}.weight"], parameters[$"{name}.bias"]);

    private static Tensor Silu(Tensor x) => F.silu(x);

    private static Tensor Halve(Tensor x) => F.avg_pool2d(x, 2);

    private static Tensor Double(Tensor x) =>
        F.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest);

    private static Tensor Then(Tensor x, Func<Tensor, Tensor> next)
    {
        var y = next(x);
        x.Dispose();
        return y;
    }
}
