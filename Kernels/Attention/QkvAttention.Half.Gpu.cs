using Diffract.Engine;

namespace Diffract.Kernels;

/// <remarks>16-bit numbers on a GPU: on tensor cores where there are some and the shape is one of those; elsewhere in
/// float32, and rounded.</remarks>
public static unsafe partial class QkvAttention
{
    private static void ForwardHalf(GpuDevice device, QkvAttentionArgs a)
    {
        if (a.Qkv.Count == 0) return;
        if (FlashAttention.Takes(device, a))
        {
            FlashAttention.Forward(device, a);
            return;
        }
        using var scratch = new Scratch(device, (a.Qkv.Count + a.Y.Count) * sizeof(float));
        var y = new View((nint)(scratch.F32 + a.Qkv.Count), a.Y.Count, DType.Float32);
        ForwardGpu(device, a with { Qkv = Widened(device, a.Qkv, scratch.F32), Y = y });
        Cast.Forward.Run(device, DType.Float32, new(y, a.Y));
    }

    private static void BackwardHalf(GpuDevice device, QkvAttentionBackwardArgs b)
    {
        var a = b.Forward;
        if (a.Qkv.Count == 0) return;
        if (FlashAttention.Takes(device, a) && (b.Dy.Address | b.DQkv.Address) % 16 == 0)
        {
            FlashAttention.Backward(device, b);
            return;
        }
        using var scratch = new Scratch(device, 2 * (a.Qkv.Count + a.Y.Count) * sizeof(float));
        var next = scratch.F32 + a.Qkv.Count;
        var dQkv = new View((nint)next, a.Qkv.Count, DType.Float32);
        next += a.Qkv.Count;
        BackwardGpu(device, new(
            a with { Qkv = Widened(device, a.Qkv, scratch.F32), Y = Widened(device, a.Y, next) },
            Widened(device, b.Dy, next + a.Y.Count), dQkv));
        Cast.Forward.Run(device, DType.Float32, new(dQkv, b.DQkv));
    }

    private static View Widened(GpuDevice device, View half, float* target)
    {
        var wide = new View((nint)target, half.Count, DType.Float32);
        Cast.Forward.Run(device, half.DType, new(half, wide));
        return wide;
    }
}
