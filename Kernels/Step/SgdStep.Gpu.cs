using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class SgdStep
{
    private static readonly GpuKernel update = new(Update), updateMany = new(UpdateStretch);

    private static void SingleGpu(GpuDevice device, SgdStepArgs args) =>
        update.LaunchFor(device, args.Parameter.Count, new GpuArguments().Put<float>(args.Parameter)
            .Put<float>(args.Gradient).Put<float>(args.Momentum).Put(new Rates(args)));

    private static void TogetherGpu(GpuDevice device, Many<SgdStepArgs> args)
    {
        args.Table.Fill(device, args.Each, static a => (a.Parameter, a.Gradient, a.Momentum, default));
        updateMany.Launch(device, args.Table.Count, args.Table.Arguments().Put(new Rates(args.Each[0])));
    }

    private readonly struct Rates(SgdStepArgs args)
    {
        public readonly float MinusLr = (float)-args.Lr, Mu = (float)args.Mu;
        public readonly float Share = (float)(1 - args.Dampening), Decay = (float)args.WeightDecay;
        public readonly int Nesterov = args.Nesterov ? 1 : 0, Starts = args.First ? 1 : 0;
        public readonly int Keeps = args.Momentum.Exists ? 1 : 0;
    }

    private static void Update(ArrayView<float> p, ArrayView<float> g, ArrayView<float> v, Rates rates)
    {
        var i = GpuThread.Index;
        if (i < p.Length) One(ref p[i], g[i], v, i, rates);
    }

    private static void UpdateStretch(ArrayView<Stretch> stretches, ArrayView<float> memory, Rates rates)
    {
        var at = stretches[Grid.IdxX];
        for (long i = Group.IdxX; i < at.Count; i += Group.DimX)
            One(ref memory[at.A + i], memory[at.B + i], memory, at.C + i, rates);
    }

    private static void One(ref float p, float g, ArrayView<float> velocities, long i, Rates rates)
    {
        float value = p, step = g;
        if (rates.Decay != 0) step = GpuLane.MultiplyAdd(rates.Decay, value, step);
        if (rates.Keeps != 0)
        {
            // The first velocity is written without being read.
            var velocity = step;
            if (rates.Starts == 0) velocity = GpuLane.MultiplyAdd(rates.Share, step, rates.Mu * velocities[i]);
            velocities[i] = velocity;
            if (rates.Nesterov != 0) step = GpuLane.MultiplyAdd(rates.Mu, velocity, step);
            else step = velocity;
        }
        p = GpuLane.MultiplyAdd(rates.MinusLr, step, value);
    }
}
