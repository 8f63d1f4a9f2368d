using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class AdamStep
{
    private static readonly GpuKernel update = new(Update), updateMany = new(UpdateStretch);

    private static void SingleGpu(GpuDevice device, AdamStepArgs args) =>
        update.LaunchFor(device, args.Parameter.Count, new GpuArguments().Put<float>(args.Parameter)
            .Put<float>(args.Gradient).Put<float>(args.Mean).Put<float>(args.Square).Put(new Rates(args)));

    private static void TogetherGpu(GpuDevice device, Many<AdamStepArgs> args)
    {
        args.Table.Fill(device, args.Each, static a => (a.Parameter, a.Gradient, a.Mean, a.Square));
        updateMany.Launch(device, args.Table.Count, args.Table.Arguments().Put(new Rates(args.Each[0])));
    }

    // The numbers of Lanes: a factor of 1 and a decay of 0 are those that are not asked for.
    private readonly struct Rates(AdamStepArgs args)
    {
        public readonly float Beta1 = (float)args.Beta1, Share1 = (float)(1 - args.Beta1);
        public readonly float Beta2 = (float)args.Beta2, Share2 = (float)(1 - args.Beta2);
        public readonly float Eps = (float)args.Eps, RootBias = (float)args.RootBias;
        public readonly float MinusStep = (float)-args.StepSize;
        public readonly float Shrink = args.Decoupled ? (float)(1 - args.Lr * args.WeightDecay) : 1;
        public readonly float Decay = args.Decoupled ? 0 : (float)args.WeightDecay;
    }

    private static void Update(
        ArrayView<float> p, ArrayView<float> g, ArrayView<float> m, ArrayView<float> s, Rates rates)
    {
        var i = GpuThread.Index;
        if (i < p.Length) One(ref p[i], g[i], ref m[i], ref s[i], rates);
    }

    private static void UpdateStretch(ArrayView<Stretch> stretches, ArrayView<float> memory, Rates rates)
    {
        var at = stretches[Grid.IdxX];
        for (long i = Group.IdxX; i < at.Count; i += Group.DimX)
            One(ref memory[at.A + i], memory[at.B + i], ref memory[at.C + i], ref memory[at.D + i], rates);
    }

    private static void One(ref float p, float g, ref float m, ref float s, Rates rates)
    {
        var value = p * rates.Shrink;
        var slope = g;
        if (rates.Decay != 0) slope = GpuLane.MultiplyAdd(rates.Decay, value, slope);
        float mean = GpuLane.MultiplyAdd(rates.Share1, slope, rates.Beta1 * m);
        float square = GpuLane.MultiplyAdd(rates.Share2 * slope, slope, rates.Beta2 * s);
        m = mean;
        s = square;
        var width = GpuLane.Sqrt(square).Value / rates.RootBias + rates.Eps;
        p = GpuLane.MultiplyAdd(rates.MinusStep, mean / width, value);
    }
}
