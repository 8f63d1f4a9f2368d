using System.Globalization;
using Diffract.Autograd;
using Diffract.Benchmarks.Networks;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Model;
using Diffract.Tasks;

namespace Diffract.Benchmarks.Peers;

/// <summary>A piece of work under the name that every compared program knows: <c>gemm_M[xNxK]</c>,
/// <c>conv[kernel]_in_out_size</c>, <c>gnsilu_channels_size</c>, <c>attn_channels_size</c>, <c>res_in_out_size</c>,
/// <c>unet_256</c>, <c>unet_256_b24</c>: one image, no gradient. <c>pretrain_step</c>: one optimiser step on 32 images
/// of 32 pixels, 64 channels.</summary>
internal sealed class PeerCase(string name, Action run, params IDisposable[] held) : IDisposable
{
    public string Name => name;

    public void Run()
    {
        using var scope = Scope.Open();
        run();
    }

    public void Dispose()
    {
        foreach (var one in held) one.Dispose();
    }

    /// <summary>The case of a name; null when there is none.</summary>
    public static PeerCase? Find(string name)
    {
        var parts = name.Split('_', 'x');
        var n = parts.Skip(1).Select(p => int.TryParse(p, CultureInfo.InvariantCulture, out var v) ? v : 0).ToArray();
        return parts[0] switch
        {
            "gemm" => MatMul(name, n[0], n.ElementAtOrDefault(1), n.ElementAtOrDefault(2)),
            "conv3" or "conv1" => Conv(name, n[0], n[1], n[2], parts[0][^1] - '0'),
            "gnsilu" => Norm(name, n[0], n[1]),
            "attn" => Attention(name, n[0], n[1]),
            "res" => Block(name, new ResWork(n[0], n[1], n[2])),
            "unet" => Network(name, parts[^1] == "b24" ? Taps.At(24) : Taps.Output),
            "pretrain" => Pretrain(name),
            _ => null,
        };
    }

    private static PeerCase MatMul(string name, int m, int columns, int depth)
    {
        Tensor a = Random(m, depth > 0 ? depth : m), b = Random(depth > 0 ? depth : m, columns > 0 ? columns : m);
        return new(name, Inference(() => a.MatMul(b)), a, b);
    }

    private static PeerCase Conv(string name, int channels, int filters, int size, int kernel)
    {
        Tensor x = Random(1, size, size, channels), w = Random(filters, channels, kernel, kernel), b = Random(filters);
        return new(name, Inference(() => x.Conv2d(w, b, padding: kernel / 2)), x, w, b);
    }

    private static PeerCase Norm(string name, int channels, int size)
    {
        Tensor x = Random(1, size, size, channels), weight = Random(channels), bias = Random(channels);
        return new(name, Inference(() => x.GroupNorm(32, weight, bias, silu: true)), x, weight, bias);
    }

    private static PeerCase Attention(string name, int channels, int size)
    {
        var qkv = Random(1, size * size, 3 * channels);
        return new(name, Inference(() => qkv.QkvAttention(channels / 64, QkvOrder.Legacy)), qkv);
    }

    private static PeerCase Block(string name, ResWork work)
    {
        var block = new ResBlock(work.Plan);
        block.Initialise(new Generator(1));
        block.Eval();
        Tensor x = Random(1, work.Size, work.Size, work.Channels), emb = Random(1, 1024);
        return new(name, Inference(() => block.Forward(x, emb)), block, x, emb);
    }

    private static PeerCase Network(string name, Taps taps)
    {
        var network = new Adm256();
        return new(name, () => network.Run(taps), network);
    }

    private static Action Inference(Func<Tensor> run) => () =>
    {
        using var no = GradMode.No();
        run();
    };

    private static PeerCase Pretrain(string name)
    {
        var trainer = new DiffusionTrainer(new PretrainRecipe
        {
            Data = "",
            ImageSize = 32,
            Channels = 64,
            ChannelMult = [1, 2, 2, 2],
            ResBlocks = 2,
            AttentionSizes = [16, 8],
            Batch = 32,
        }, null);
        Tensor images = Random(32, 32, 32, 3), labels = Tensor.Zeros([32], DType.Int64);
        return new(name, () => trainer.Step(images, labels), trainer, images, labels);
    }

    private static Tensor Random(params int[] shape) =>
        Tensor.Randn(Shape.Of([.. shape.Select(length => (long)length)]), new Generator(1));
}
