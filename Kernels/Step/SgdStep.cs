using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>One step of stochastic gradient descent on one parameter; all views have equally many elements.</summary>
/// <param name="Parameter">Changed in place.</param>
/// <param name="Gradient">Only read.</param>
/// <param name="Momentum">The velocity, changed in place; absent when <paramref name="Mu"/> is 0.</param>
/// <param name="Lr">Learning rate.</param>
/// <param name="Mu">Momentum.</param>
/// <param name="Dampening">Share of the gradient that does not enter the velocity.</param>
/// <param name="WeightDecay">Multiple of the parameter that is added to the gradient.</param>
/// <param name="Nesterov">Looks ahead along the velocity.</param>
/// <param name="First">The velocity starts as the gradient, undampened.</param>
public readonly record struct SgdStepArgs(View Parameter, View Gradient, View Momentum, double Lr, double Mu,
    double Dampening, double WeightDecay, bool Nesterov, bool First);

/// <summary>Stochastic gradient descent, with velocity after Sutskever et al. 2013, in one pass over memory.</summary>
public static unsafe partial class SgdStep
{
    /// <summary>g += wd p; v = mu v + (1 - dampening) g; p -= lr (v, or g + mu v with Nesterov).</summary>
    public static readonly Kernel<SgdStepArgs> Kernel = new Kernel<SgdStepArgs>("sgd_step")
        .OnCpu(DType.Float32, Single)
        .OnCpu(DType.Float64, Reference)
        .OnGpu(DType.Float32, SingleGpu);

    /// <summary>The same on many arrays, to the same bits; on GPUs only, in one launch.</summary>
    public static readonly Kernel<Many<SgdStepArgs>> Together = new Kernel<Many<SgdStepArgs>>("sgd_step.together")
        .OnGpu(DType.Float32, TogetherGpu);

    private static void Single(CpuDevice device, SgdStepArgs args) =>
        device.For(Axpy.Chunks(args.Parameter.Count), chunk =>
        {
            var (first, last) = Axpy.Bounds(chunk, args.Parameter.Count);
            var lanes = new Lanes(args);
            float* p = args.Parameter.F32, g = args.Gradient.F32, v = args.Momentum.F32;
            var i = first;
            for (; i + Lane.Width <= last; i += Lane.Width) lanes.Step(p + i, g + i, v == null ? null : v + i);
            if (i == last) return;
            var rest = (int)(last - i);
            float* tail = stackalloc float[3 * Lane.Width];
            float* tp = tail, tg = tail + Lane.Width, tv = v == null ? null : tail + 2 * Lane.Width;
            Lane.Copy(p + i, tp, rest);
            Lane.Copy(g + i, tg, rest);
            if (v != null) Lane.Copy(v + i, tv, rest);
            lanes.Step(tp, tg, tv);
            Lane.Copy(tp, p + i, rest);
            if (v != null) Lane.Copy(tv, v + i, rest);
        });

    private readonly struct Lanes(SgdStepArgs args)
    {
        private readonly Vector256<float> minusLr = Vector256.Create((float)-args.Lr);
        private readonly Vector256<float> mu = Vector256.Create((float)args.Mu);
        private readonly Vector256<float> share = Vector256.Create((float)(1 - args.Dampening));
        private readonly Vector256<float> decay = Vector256.Create((float)args.WeightDecay);
        private readonly bool decays = args.WeightDecay != 0;
        private readonly bool nesterov = args.Nesterov;
        private readonly bool starts = args.First;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step(float* p, float* g, float* v)
        {
            var value = Vector256.Load(p);
            var step = Vector256.Load(g);
            if (decays) step = Vector256.MultiplyAddEstimate(decay, value, step);
            if (v != null)
            {
                var velocity = starts ? step : Vector256.MultiplyAddEstimate(share, step, mu * Vector256.Load(v));
                velocity.Store(v);
                step = nesterov ? Vector256.MultiplyAddEstimate(mu, velocity, step) : velocity;
            }
            Vector256.MultiplyAddEstimate(minusLr, step, value).Store(p);
        }
    }

    private static void Reference(CpuDevice device, SgdStepArgs args)
    {
        double* p = args.Parameter.F64, g = args.Gradient.F64, v = args.Momentum.F64;
        for (long i = 0; i < args.Parameter.Count; i++)
        {
            var step = g[i] + args.WeightDecay * p[i];
            if (args.Momentum.Exists)
            {
                v[i] = args.First ? step : args.Mu * v[i] + (1 - args.Dampening) * step;
                step = args.Nesterov ? step + args.Mu * v[i] : v[i];
            }
            p[i] -= args.Lr * step;
        }
    }
}
