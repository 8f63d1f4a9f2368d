using System.Numerics;
using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class CompareMap<TFormula>
{
    private static void RunGpu<T>(GpuDevice device, BinaryMapArgs<TFormula> args) where T : unmanaged, INumber<T> =>
        Gpu<T>.Kernel.LaunchFor(device, args.Y.Count, new GpuArguments().Put(args.Formula).Put(args.Plan.ForGpu())
            .Put<T>(args.A).Put<T>(args.B).Put<byte>(args.Y));

    private static class Gpu<T> where T : unmanaged, INumber<T>
    {
        public static readonly GpuKernel Kernel = new(Test);

        private static void Test(
            TFormula formula, GpuWalk walk, ArrayView<T> a, ArrayView<T> b, ArrayView<byte> y)
        {
            var i = GpuThread.Index;
            if (i >= walk.Count) return;
            walk.At(i, out var atA, out var atB, out _);
            y[i] = formula.Test(a[atA], b[atB]) ? (byte)1 : (byte)0;
        }
    }
}
