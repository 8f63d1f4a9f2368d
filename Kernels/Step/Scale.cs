using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>x *= alpha over contiguous elements.</summary>
public readonly record struct ScaleArgs(double Alpha, View X);

/// <summary>Multiplies an array in place: gradients that are clipped or unscaled.</summary>
public static unsafe partial class Scale
{
    /// <summary>x *= alpha.</summary>
    public static readonly Kernel<ScaleArgs> Kernel = new Kernel<ScaleArgs>("scale")
        .OnCpu(DType.Float32, Single)
        .OnCpu(DType.Float64, Reference)
        .OnGpu(DType.Float32, SingleGpu);

    /// <summary>The same on many arrays, to the same bits; on GPUs only, in one launch.</summary>
    public static readonly Kernel<Many<ScaleArgs>> Together = new Kernel<Many<ScaleArgs>>("scale.together")
        .OnGpu(DType.Float32, TogetherGpu);

    private static void Single(CpuDevice device, ScaleArgs args) =>
        device.For(Axpy.Chunks(args.X.Count), chunk =>
        {
            var (first, last) = Axpy.Bounds(chunk, args.X.Count);
            var x = args.X.F32;
            var alpha = (float)args.Alpha;
            var i = first;
            for (; i + Lane.Width <= last; i += Lane.Width) (alpha * Vector256.Load(x + i)).Store(x + i);
            for (; i < last; i++) x[i] *= alpha;
        });

    private static void Reference(CpuDevice device, ScaleArgs args)
    {
        for (long i = 0; i < args.X.Count; i++) args.X.F64[i] *= args.Alpha;
    }
}
