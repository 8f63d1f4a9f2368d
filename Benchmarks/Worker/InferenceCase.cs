using Diffract.Autograd;
using Diffract.Benchmarks.Networks;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Model;

namespace Diffract.Benchmarks.Worker;

/// <summary>A forward without gradients; its check is the result's root mean square.</summary>
internal sealed class InferenceCase(Func<Tensor> forward, params IDisposable[] held) : PeerCase
{
    public static InferenceCase MatMul(int m, int columns, int depth)
    {
        Tensor a = PeerNumbers.Data("x", m, depth), b = PeerNumbers.Parameter("weight", depth, columns);
        return new(() => a.MatMul(b), a, b);
    }

    public static InferenceCase Conv(WorkerMode mode, int batch, int channels, int filters, int size, int kernel)
    {
        var x = PeerNumbers.Maps("x", batch, channels, [size, size]);
        Tensor w = PeerNumbers.Parameter("weight", filters, channels, kernel, kernel);
        Tensor b = PeerNumbers.Parameter("bias", filters);
        return new(() => x.Conv2d(w, b, padding: kernel / 2, method: mode.Method), x, w, b);
    }

    public static InferenceCase Norm(int channels, int size)
    {
        var x = PeerNumbers.Maps("x", 1, channels, [size, size]);
        Tensor w = PeerNumbers.Parameter("weight", channels), b = PeerNumbers.Parameter("bias", channels);
        return new(() => x.GroupNorm(32, w, b, silu: true), x, w, b);
    }

    public static InferenceCase Attention(int channels, int size)
    {
        var qkv = PeerNumbers.Maps("x", 1, 3 * channels, [size * size]);
        return new(() => qkv.QkvAttention(channels / 64, QkvOrder.Legacy), qkv);
    }

    public static InferenceCase Block(WorkerMode mode, int batch, ResWork work)
    {
        var block = new ResBlock(work.Plan);
        PeerNumbers.Assign(block);
        block.Eval();
        block.RequiresGrad(false);
        mode.ApplyTo(block);
        var x = PeerNumbers.Maps("x", batch, work.Channels, [work.Size, work.Size]);
        var emb = PeerNumbers.Data("emb", batch, 1024);
        return new(() => block.Forward(x, emb), block, x, emb);
    }

    /// <summary>The unconditional 256-pixel network.</summary>
    /// <param name="mode">What convolutions and weights may spend.</param>
    /// <param name="batch">Pictures.</param>
    /// <param name="last">The last block that runs, and gives its map; null for the whole network.</param>
    /// <param name="checkpoint">Where its weights lie; null for weights in memory.</param>
    public static InferenceCase Network(WorkerMode mode, int batch, int? last, string? checkpoint)
    {
        var network = PeerNetwork.Load(checkpoint, mode);
        Tensor x = PeerNumbers.Maps("x", batch, 3, [256, 256]), t = Tensor.Full([batch], 500f);
        var taps = last is { } block ? Taps.At(block) : Taps.Output;
        return new(() => network.Run(x, t, taps: taps) is var y && last is { } b ? y[b] : y.Result, network, x, t);
    }

    public override double[] Check()
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var squares = 0.0;
        var values = forward().Contiguous().AsSpan<float>();
        foreach (var value in values) squares += (double)value * value;
        return [Math.Sqrt(squares / values.Length)];
    }

    public override void Run()
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        forward();
    }

    public override void Dispose()
    {
        foreach (var one in held) one.Dispose();
    }
}
