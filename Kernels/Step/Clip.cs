using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>x = min(max(x, -limit), limit) over contiguous elements.</summary>
public readonly record struct ClipArgs(double Limit, View X);

/// <summary>Limits an array in place; a NaN stays one.</summary>
public static unsafe partial class Clip
{
    /// <summary>x = min(max(x, -limit), limit).</summary>
    public static readonly Kernel<ClipArgs> Kernel = new Kernel<ClipArgs>("clip")
        .OnCpu(DType.Float32, Single)
        .OnCpu(DType.Float64, Reference)
        .OnGpu(DType.Float32, SingleGpu);

    /// <summary>The same on many arrays, to the same bits; on GPUs only, in one launch.</summary>
    public static readonly Kernel<Many<ClipArgs>> Together = new Kernel<Many<ClipArgs>>("clip.together")
        .OnGpu(DType.Float32, TogetherGpu);

    private static void Single(CpuDevice device, ClipArgs args) =>
        device.For(Axpy.Chunks(args.X.Count), chunk =>
        {
            var (first, last) = Axpy.Bounds(chunk, args.X.Count);
            var x = args.X.F32;
            var limit = (float)args.Limit;
            var (low, high) = (Vector256.Create(-limit), Vector256.Create(limit));
            var i = first;
            for (; i + Lane.Width <= last; i += Lane.Width)
                Vector256.Min(Vector256.Max(Vector256.Load(x + i), low), high).Store(x + i);
            for (; i < last; i++) x[i] = Math.Min(Math.Max(x[i], -limit), limit);
        });

    private static void Reference(CpuDevice device, ClipArgs args)
    {
        for (long i = 0; i < args.X.Count; i++)
            args.X.F64[i] = Math.Min(Math.Max(args.X.F64[i], -args.Limit), args.Limit);
    }
}
