using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class SgdStep
{
    private static readonly GpuKernel update = new(Update);

    private static void SingleGpu(GpuDevice device, SgdStepArgs args) =>
        update.LaunchFor(device, args.Parameter.Count, new GpuArguments().Put<float>(args.Parameter)
            .Put<float>(args.Gradient).Put<float>(args.Momentum).Put(new Rates(args)));

    private readonly struct Rates(SgdStepArgs args)
    {
        public readonly float MinusLr = (float)-args.Lr, Mu = (float)args.Mu;
        public readonly float Share = (float)(1 - args.Dampening), Decay = (float)args.WeightDecay;
        public readonly int Nesterov = args.Nesterov ? 1 : 0, Starts = args.First ? 1 : 0;
    }

    private static void Update(ArrayView<float> p, ArrayView<float> g, ArrayView<float> v, Rates rates)
    {
        var i = GpuThread.Index;
        if (i >= p.Length) return;
        float value = p[i], step = g[i];
        if (rates.Decay != 0) step = GpuLane.MultiplyAdd(rates.Decay, value, step);
        if (v.Length > 0)
        {
            // The first velocity is written without being read.
            var velocity = step;
            if (rates.Starts == 0) velocity = GpuLane.MultiplyAdd(rates.Share, step, rates.Mu * v[i]);
            v[i] = velocity;
            if (rates.Nesterov != 0) step = GpuLane.MultiplyAdd(rates.Mu, velocity, step);
            else step = velocity;
        }
        p[i] = GpuLane.MultiplyAdd(rates.MinusLr, step, value);
    }
}
