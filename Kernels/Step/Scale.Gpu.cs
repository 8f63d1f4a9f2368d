using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class Scale
{
    private static readonly GpuKernel multiply = new(Multiply), multiplyMany = new(MultiplyStretch);

    private static void SingleGpu(GpuDevice device, ScaleArgs args) =>
        multiply.LaunchFor(device, args.X.Count, new GpuArguments().Put<float>(args.X).Put((float)args.Alpha));

    private static void TogetherGpu(GpuDevice device, Many<ScaleArgs> args)
    {
        args.Table.Fill(device, args.Each, static a => (a.X, default, default, default));
        multiplyMany.Launch(device, args.Table.Count, args.Table.Arguments().Put((float)args.Each[0].Alpha));
    }

    private static void MultiplyStretch(ArrayView<Stretch> stretches, ArrayView<float> memory, float alpha)
    {
        var at = stretches[Grid.IdxX];
        for (long i = Group.IdxX; i < at.Count; i += Group.DimX) memory[at.A + i] *= alpha;
    }

    private static void Multiply(ArrayView<float> x, float alpha)
    {
        var i = GpuThread.Index;
        if (i < x.Length) x[i] *= alpha;
    }
}
