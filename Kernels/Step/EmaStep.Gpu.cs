using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class EmaStep
{
    private static readonly GpuKernel move = new(Move), moveMany = new(MoveStretch);

    private static void SingleGpu(GpuDevice device, EmaStepArgs args) =>
        move.LaunchFor(device, args.Average.Count, new GpuArguments().Put<float>(args.Source)
            .Put<float>(args.Average).Put((float)args.Rate).Put((float)(1 - args.Rate)));

    private static void TogetherGpu(GpuDevice device, Many<EmaStepArgs> args)
    {
        args.Table.Fill(device, args.Each, static a => (a.Source, a.Average, default, default));
        var rate = args.Each[0].Rate;
        moveMany.Launch(device, args.Table.Count, args.Table.Arguments().Put((float)rate).Put((float)(1 - rate)));
    }

    private static void MoveStretch(ArrayView<Stretch> stretches, ArrayView<float> memory, float rate, float share)
    {
        var at = stretches[Grid.IdxX];
        for (long i = Group.IdxX; i < at.Count; i += Group.DimX)
            memory[at.B + i] = GpuLane.MultiplyAdd(share, memory[at.A + i], rate * memory[at.B + i]);
    }

    private static void Move(ArrayView<float> x, ArrayView<float> y, float rate, float share)
    {
        var i = GpuThread.Index;
        if (i < y.Length) y[i] = GpuLane.MultiplyAdd(share, x[i], rate * y[i]);
    }
}
