using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>One step of Adam on one parameter; all views have equally many elements.</summary>
/// <param name="Parameter">Changed in place.</param>
/// <param name="Gradient">Only read.</param>
/// <param name="Mean">Running mean of the gradient, changed in place.</param>
/// <param name="Square">Running mean of its square, changed in place.</param>
/// <param name="Lr">Learning rate.</param>
/// <param name="Beta1">Decay of <paramref name="Mean"/>.</param>
/// <param name="Beta2">Decay of <paramref name="Square"/>.</param>
/// <param name="Eps">Added to the root of the second moment.</param>
/// <param name="WeightDecay">Pull towards zero.</param>
/// <param name="Decoupled">The pull shrinks the parameter itself (AdamW) instead of entering the gradient (Adam).
/// </param>
/// <param name="Step">Number of this step, from 1.</param>
public readonly record struct AdamStepArgs(View Parameter, View Gradient, View Mean, View Square, double Lr,
    double Beta1, double Beta2, double Eps, double WeightDecay, bool Decoupled, long Step)
{
    /// <summary>lr / (1 - beta1^step): the bias of the first moment goes into the step size.</summary>
    internal double StepSize => Lr / (1 - Math.Pow(Beta1, Step));

    /// <summary>The root of the second moment's bias.</summary>
    internal double RootBias => Math.Sqrt(1 - Math.Pow(Beta2, Step));
}

/// <summary>Adam (Kingma and Ba 2015, algorithm 1) and AdamW (Loshchilov and Hutter 2019, algorithm 2) in one pass over
/// memory.</summary>
public static unsafe partial class AdamStep
{
    /// <summary>m = b1 m + (1 - b1) g; s = b2 s + (1 - b2) g^2; p -= stepSize m / (sqrt(s) / rootBias + eps).</summary>
    public static readonly Kernel<AdamStepArgs> Kernel = new Kernel<AdamStepArgs>("adam_step")
        .OnCpu(DType.Float32, Single)
        .OnCpu(DType.Float64, Reference)
        .OnGpu(DType.Float32, SingleGpu);

    /// <summary>The same on many arrays, to the same bits; on GPUs only, in one launch.</summary>
    public static readonly Kernel<Many<AdamStepArgs>> Together = new Kernel<Many<AdamStepArgs>>("adam_step.together")
        .OnGpu(DType.Float32, TogetherGpu);

    private static void Single(CpuDevice device, AdamStepArgs args) =>
        device.For(Axpy.Chunks(args.Parameter.Count), chunk =>
        {
            var (first, last) = Axpy.Bounds(chunk, args.Parameter.Count);
            var lanes = new Lanes(args);
            float* p = args.Parameter.F32, g = args.Gradient.F32, m = args.Mean.F32, s = args.Square.F32;
            var i = first;
            for (; i + Lane.Width <= last; i += Lane.Width) lanes.Step(p + i, g + i, m + i, s + i);
            if (i == last) return;
            var rest = (int)(last - i);
            float* tp = stackalloc float[4 * Lane.Width];
            float* tg = tp + Lane.Width, tm = tg + Lane.Width, ts = tm + Lane.Width;
            Lane.Copy(p + i, tp, rest);
            Lane.Copy(g + i, tg, rest);
            Lane.Copy(m + i, tm, rest);
            Lane.Copy(s + i, ts, rest);
            lanes.Step(tp, tg, tm, ts);
            Lane.Copy(tp, p + i, rest);
            Lane.Copy(tm, m + i, rest);
            Lane.Copy(ts, s + i, rest);
        });

    private readonly struct Lanes(AdamStepArgs args)
    {
        private readonly Vector256<float> beta1 = Vector256.Create((float)args.Beta1);
        private readonly Vector256<float> share1 = Vector256.Create((float)(1 - args.Beta1));
        private readonly Vector256<float> beta2 = Vector256.Create((float)args.Beta2);
        private readonly Vector256<float> share2 = Vector256.Create((float)(1 - args.Beta2));
        private readonly Vector256<float> eps = Vector256.Create((float)args.Eps);
        private readonly Vector256<float> rootBias = Vector256.Create((float)args.RootBias);
        private readonly Vector256<float> minusStep = Vector256.Create((float)-args.StepSize);
        private readonly Vector256<float> shrink = Vector256.Create((float)(1 - args.Lr * args.WeightDecay));
        private readonly Vector256<float> decay = Vector256.Create((float)args.WeightDecay);
        private readonly bool shrinks = args.WeightDecay != 0 && args.Decoupled;
        private readonly bool decays = args.WeightDecay != 0 && !args.Decoupled;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step(float* p, float* g, float* m, float* s)
        {
            var value = Vector256.Load(p);
            var slope = Vector256.Load(g);
            if (shrinks) value *= shrink;
            if (decays) slope = Vector256.MultiplyAddEstimate(decay, value, slope);
            var mean = Vector256.MultiplyAddEstimate(share1, slope, beta1 * Vector256.Load(m));
            var square = Vector256.MultiplyAddEstimate(share2 * slope, slope, beta2 * Vector256.Load(s));
            mean.Store(m);
            square.Store(s);
            var width = Vector256.Sqrt(square) / rootBias + eps;
            Vector256.MultiplyAddEstimate(minusStep, mean / width, value).Store(p);
        }
    }

    private static void Reference(CpuDevice device, AdamStepArgs args)
    {
        double* p = args.Parameter.F64, g = args.Gradient.F64, m = args.Mean.F64, s = args.Square.F64;
        for (long i = 0; i < args.Parameter.Count; i++)
        {
            var slope = g[i];
            if (args.Decoupled) p[i] *= 1 - args.Lr * args.WeightDecay;
            else slope += args.WeightDecay * p[i];
            m[i] = args.Beta1 * m[i] + (1 - args.Beta1) * slope;
            s[i] = args.Beta2 * s[i] + (1 - args.Beta2) * slope * slope;
            p[i] -= args.StepSize * m[i] / (Math.Sqrt(s[i]) / args.RootBias + args.Eps);
        }
    }
}
