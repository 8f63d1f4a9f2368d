using Diffract.Autograd;
using Diffract.Benchmarks.Networks;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Model;

namespace Diffract.Benchmarks.Worker;

/// <summary>A forward without gradients; its check is the result's root mean square.</summary>
internal sealed class InferenceCase(WorkerMode mode, Func<Tensor> forward, params IDisposable[] held) : PeerCase
{
    private Recording? recording;
    private Tensor? recorded;

    public static InferenceCase MatMul(WorkerMode mode, int m, int columns, int depth)
    {
        Tensor a = mode.Place(PeerNumbers.Data("x", m, depth));
        var b = mode.Place(PeerNumbers.Parameter("weight", depth, columns));
        return new(mode, () => a.MatMul(b), a, b);
    }

    public static InferenceCase Conv(WorkerMode mode, int batch, int channels, int filters, int size, int kernel)
    {
        var x = mode.Place(PeerNumbers.Maps("x", batch, channels, [size, size]));
        Tensor w = mode.Place(PeerNumbers.Parameter("weight", filters, channels, kernel, kernel));
        Tensor b = mode.Place(PeerNumbers.Parameter("bias", filters));
        return new(mode, () => x.Conv2d(w, b, padding: kernel / 2, method: mode.Method), x, w, b);
    }

    public static InferenceCase Norm(WorkerMode mode, int batch, int channels, int size)
    {
        var x = mode.Place(PeerNumbers.Maps("x", batch, channels, [size, size]));
        Tensor w = mode.Place(PeerNumbers.Parameter("weight", channels));
        var b = mode.Place(PeerNumbers.Parameter("bias", channels));
        return new(mode, () => x.GroupNorm(32, w, b, silu: true), x, w, b);
    }

    public static InferenceCase Attention(WorkerMode mode, int batch, int channels, int size)
    {
        var qkv = mode.Place(PeerNumbers.Maps("x", batch, 3 * channels, [size * size]));
        return new(mode, () => qkv.QkvAttention(channels / 64, QkvOrder.Legacy), qkv);
    }

    public static InferenceCase Copy(WorkerMode mode, int mebibytes)
    {
        var x = mode.Place(PeerNumbers.Data("x", mebibytes, 1 << 18));
        var y = Tensor.Empty(x.Shape, x.DType, x.Device);
        return new(mode, () =>
        {
            y.Assign(x);
            return y;
        }, x, y);
    }

    public static InferenceCase Block(WorkerMode mode, int batch, ResWork work)
    {
        var block = new ResBlock(work.Plan);
        PeerNumbers.Assign(block);
        block.Eval();
        block.RequiresGrad(false);
        mode.ApplyTo(block);
        block.To(mode.Device);
        var x = mode.Place(PeerNumbers.Maps("x", batch, work.Channels, [work.Size, work.Size]));
        var emb = mode.Place(PeerNumbers.Data("emb", batch, 1024));
        return new(mode, () => block.Forward(x, emb), block, x, emb);
    }

    /// <summary>The unconditional 256-pixel network.</summary>
    /// <param name="mode">Where and how.</param>
    /// <param name="batch">Pictures.</param>
    /// <param name="last">The last block that runs, and gives its map; null for the whole network.</param>
    /// <param name="checkpoint">Where its weights lie; null for weights in memory.</param>
    public static InferenceCase Network(WorkerMode mode, int batch, int? last, string? checkpoint)
    {
        var network = PeerNetwork.Load(checkpoint, mode);
        Tensor x = mode.Place(PeerNumbers.Maps("x", batch, 3, [256, 256]));
        var t = mode.Place(Tensor.Full([batch], 500f));
        var taps = last is { } block ? Taps.At(block) : Taps.Output;
        return new(mode, () => network.Run(x, t, taps: taps) is var y && last is { } b ? y[b] : y.Result, network, x,
            t);
    }

    public override double[] Check()
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var squares = 0.0;
        var values = forward().To(DType.Float32).ToArray<float>();
        foreach (var value in values) squares += (double)value * value;
        if (mode.Records) recording = mode.Device.Record(() => recorded = Scope.Detach(Outside()));
        return [Math.Sqrt(squares / values.Length)];

        Tensor Outside()
        {
            using var inner = Scope.Open();
            return inner.Keep(forward());
        }
    }

    public override void Run()
    {
        if (recording is not null)
        {
            recording.Replay();
            return;
        }
        using var no = GradMode.No();
        using var scope = Scope.Open();
        forward();
    }

    public override void Dispose()
    {
        recording?.Dispose();
        recorded?.Dispose();
        foreach (var one in held) one.Dispose();
    }
}
