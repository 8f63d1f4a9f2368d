using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>y += alpha * x over equally many contiguous elements.</summary>
public readonly record struct AxpyArgs(double Alpha, View X, View Y);

/// <summary>Adds a multiple of one array to another: how gradients add up.</summary>
public static unsafe partial class Axpy
{
    private const int Chunk = 1 << 15;

    /// <summary>y += alpha * x.</summary>
    public static readonly Kernel<AxpyArgs> Kernel = new Kernel<AxpyArgs>("axpy")
        .OnCpu(DType.Float32, Single)
        .OnCpu(DType.Float64, Reference)
        .OnCpu(DType.Float16, Binary16)
        .OnCpu(DType.BFloat16, BFloat)
        .OnGpu(DType.Float32, SingleGpu)
        .OnGpu(DType.Float16, NarrowGpu<HalfNumber>)
        .OnGpu(DType.BFloat16, NarrowGpu<BFloatNumber>);

    private static void Single(CpuDevice device, AxpyArgs args) =>
        device.For(Chunks(args.Y.Count), chunk =>
        {
            var (first, last) = Bounds(chunk, args.Y.Count);
            float* x = args.X.F32, y = args.Y.F32;
            var alpha = (float)args.Alpha;
            var wide = Vector256.Create(alpha);
            var i = first;
            for (; i + Vector256<float>.Count <= last; i += Vector256<float>.Count)
                Vector256.MultiplyAddEstimate(wide, Vector256.Load(x + i), Vector256.Load(y + i)).Store(y + i);
            for (; i < last; i++) y[i] = float.MultiplyAddEstimate(alpha, x[i], y[i]);
        });

    private static void Reference(CpuDevice device, AxpyArgs args)
    {
        for (long i = 0; i < args.Y.Count; i++) args.Y.F64[i] += args.Alpha * args.X.F64[i];
    }

    // Gradients of 16-bit tensors add up too; rare enough to go element by element.
    private static void Binary16(CpuDevice device, AxpyArgs args) =>
        device.For(Chunks(args.Y.Count), chunk =>
        {
            var (first, last) = Bounds(chunk, args.Y.Count);
            Half* x = args.X.As<Half>(), y = args.Y.As<Half>();
            for (var i = first; i < last; i++) y[i] = (Half)((float)args.Alpha * (float)x[i] + (float)y[i]);
        });

    private static void BFloat(CpuDevice device, AxpyArgs args) =>
        device.For(Chunks(args.Y.Count), chunk =>
        {
            var (first, last) = Bounds(chunk, args.Y.Count);
            BFloat16* x = args.X.As<BFloat16>(), y = args.Y.As<BFloat16>();
            for (var i = first; i < last; i++) y[i] = (BFloat16)((float)args.Alpha * x[i] + y[i]);
        });

    internal static int Chunks(long count) => checked((int)((count + Chunk - 1) / Chunk));

    internal static (long First, long Last) Bounds(int chunk, long count) =>
        ((long)chunk * Chunk, Math.Min(count, ((long)chunk + 1) * Chunk));
}
