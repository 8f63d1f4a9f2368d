using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Attention of 16-bit numbers on tensor cores (compute capability 8.0 and later), without a matrix of scores
/// in memory: forward (Dao 2023, https://arxiv.org/abs/2307.08691), and the gradients with weights that are calculated
/// again. Sums are float32, weights and slopes are rounded to 16 bits before they are multiplied; nothing depends on an
/// order that time decides.</summary>
internal static unsafe class FlashAttention
{
    private static readonly GeneratedKernels<FlashVariant> forward = Of("FlashForward", FlashForward.Write);
    private static readonly GeneratedKernels<FlashVariant> queries = Of("FlashQueryGradient", FlashQueryGradient.Write);
    private static readonly GeneratedKernels<FlashVariant> keys = Of("FlashKeyGradient", FlashKeyGradient.Write);

    private static readonly GeneratedKernels<(DType Type, int Width)> dots = new(v => new GeneratedKernel(
        "QkvAttention.FlashDots", FlashDots.Threads, a => FlashDots.Write(v.Type, v.Width, a)));

    /// <summary>True when these kernels take it: heads of 32, 64 or 128 channels, and numbers of which 16 bytes can be
    /// copied at once.</summary>
    public static bool Takes(GpuDevice device, in QkvAttentionArgs a) => device.Architecture >= 80
        && a.Width is 32 or 64 or 128 && (a.Qkv.Address | a.Y.Address) % 16 == 0;

    /// <summary>Queues the forward.</summary>
    public static void Forward(GpuDevice device, in QkvAttentionArgs a) =>
        Launch(device, forward, FlashVariant.Forward(a.Qkv.DType, a.Width, a.Tokens), a, new GpuArguments()
            .Put(new FlashSizes(a)).Put(a.Qkv.Address).Put(a.Y.Address).Put(a.LogSumExp.Address));

    /// <summary>Queues the gradients.</summary>
    public static void Backward(GpuDevice device, in QkvAttentionBackwardArgs b)
    {
        var a = b.Forward;
        var type = a.Qkv.DType;
        var rows = checked(a.Batch * a.Heads * a.Tokens);
        using var scratch = new Scratch(device, (long)rows * sizeof(float));
        dots.Of((type, a.Width)).LaunchFor(device, (long)rows * a.Width / 8, new GpuArguments()
            .Put(new FlashSizes(a)).Put(a.Y.Address).Put(b.Dy.Address).Put((nint)scratch.F32).Put(rows));
        var arguments = new GpuArguments().Put(new FlashSizes(a)).Put(a.Qkv.Address).Put(b.Dy.Address)
            .Put(a.LogSumExp.Address).Put((nint)scratch.F32).Put(b.DQkv.Address);
        Launch(device, keys, FlashVariant.KeyGradient(type, a.Width), a, arguments);
        Launch(device, queries, FlashVariant.QueryGradient(type, a.Width, a.Tokens), a, arguments);
    }

    /// <summary>All kernels for a type and a width of heads.</summary>
    public static IEnumerable<GeneratedKernel> Kernels(DType type, int width)
    {
        foreach (var tokens in new[] { 64, 65 })
        {
            yield return forward.Of(FlashVariant.Forward(type, width, tokens));
            yield return queries.Of(FlashVariant.QueryGradient(type, width, tokens));
        }
        yield return keys.Of(FlashVariant.KeyGradient(type, width));
        yield return dots.Of((type, width));
    }

    private static GeneratedKernels<FlashVariant> Of(string name, Func<FlashVariant, int, PtxWriter> write) =>
        new(v => new GeneratedKernel($"QkvAttention.{name}", FlashVariant.Threads, a => write(v, a)));

    private static void Launch(GpuDevice device, GeneratedKernels<FlashVariant> kernels, FlashVariant variant,
        in QkvAttentionArgs a, GpuArguments arguments) => kernels.Of(variant)
            .Launch(device, ((a.Tokens + variant.Rows - 1) / variant.Rows, a.Heads, a.Batch), arguments);
}
