using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>average = rate * average + (1 - rate) * source over equally many contiguous elements.</summary>
public readonly record struct EmaStepArgs(double Rate, View Source, View Average);

/// <summary>Moves an exponential moving average one step towards its source.</summary>
public static unsafe partial class EmaStep
{
    /// <summary>average = rate * average + (1 - rate) * source.</summary>
    public static readonly Kernel<EmaStepArgs> Kernel = new Kernel<EmaStepArgs>("ema_step")
        .OnCpu(DType.Float32, Single)
        .OnCpu(DType.Float64, Reference)
        .OnGpu(DType.Float32, SingleGpu);

    /// <summary>The same on many arrays, to the same bits; on GPUs only, in one launch.</summary>
    public static readonly Kernel<Many<EmaStepArgs>> Together = new Kernel<Many<EmaStepArgs>>("ema_step.together")
        .OnGpu(DType.Float32, TogetherGpu);

    private static void Single(CpuDevice device, EmaStepArgs args) =>
        device.For(Axpy.Chunks(args.Average.Count), chunk =>
        {
            var (first, last) = Axpy.Bounds(chunk, args.Average.Count);
            float* x = args.Source.F32, y = args.Average.F32;
            float rate = (float)args.Rate, share = (float)(1 - args.Rate);
            var i = first;
            for (; i + Lane.Width <= last; i += Lane.Width)
                Vector256.MultiplyAddEstimate(Vector256.Create(share), Vector256.Load(x + i),
                    rate * Vector256.Load(y + i)).Store(y + i);
            for (; i < last; i++) y[i] = float.MultiplyAddEstimate(share, x[i], rate * y[i]);
        });

    private static void Reference(CpuDevice device, EmaStepArgs args)
    {
        for (long i = 0; i < args.Average.Count; i++)
            args.Average.F64[i] = args.Rate * args.Average.F64[i] + (1 - args.Rate) * args.Source.F64[i];
    }
}
