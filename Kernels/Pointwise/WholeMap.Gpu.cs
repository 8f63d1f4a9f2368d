using System.Numerics;
using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class WholeMap<TFormula>
{
    private static void RunGpu<T>(GpuDevice device, BinaryMapArgs<TFormula> args)
        where T : unmanaged, IBinaryInteger<T> =>
        Gpu<T>.Kernel.LaunchFor(device, args.Y.Count, new GpuArguments().Put(args.Formula).Put(args.Plan.ForGpu())
            .Put<T>(args.A).Put<T>(args.B).Put<T>(args.Y));

    private static class Gpu<T> where T : unmanaged, IBinaryInteger<T>
    {
        public static readonly GpuKernel Kernel = new(Apply);

        private static void Apply(TFormula formula, GpuWalk walk, ArrayView<T> a, ArrayView<T> b, ArrayView<T> y)
        {
            var i = GpuThread.Index;
            if (i >= walk.Count) return;
            walk.At(i, out var atA, out var atB, out _);
            y[i] = formula.Whole(a[atA], b[atB]);
        }
    }
}
