using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class Clip
{
    private static readonly GpuKernel cut = new(Cut), cutMany = new(CutStretch);

    private static void SingleGpu(GpuDevice device, ClipArgs args) =>
        cut.LaunchFor(device, args.X.Count, new GpuArguments().Put<float>(args.X).Put((float)args.Limit));

    private static void TogetherGpu(GpuDevice device, Many<ClipArgs> args)
    {
        args.Table.Fill(device, args.Each, static a => (a.X, default, default, default));
        cutMany.Launch(device, args.Table.Count, args.Table.Arguments().Put((float)args.Each[0].Limit));
    }

    private static void CutStretch(ArrayView<Stretch> stretches, ArrayView<float> memory, float limit)
    {
        var at = stretches[Grid.IdxX];
        for (long i = Group.IdxX; i < at.Count; i += Group.DimX) One(memory, at.A + i, limit);
    }

    private static void Cut(ArrayView<float> x, float limit)
    {
        var i = GpuThread.Index;
        if (i < x.Length) One(x, i, limit);
    }

    private static void One(ArrayView<float> x, long i, float limit)
    {
        // A NaN is on neither side.
        var value = x[i];
        if (value < -limit) x[i] = -limit;
        if (value > limit) x[i] = limit;
    }
}
