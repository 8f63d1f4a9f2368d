using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class BinaryMap<TFormula>
{
    private static class Gpu<T, TNumber> where T : unmanaged where TNumber : struct, IGpuFloat<T>
    {
        private static readonly GpuKernel forward = new(Forward);

        public static void Run(GpuDevice device, BinaryMapArgs<TFormula> args) =>
            forward.LaunchFor(device, args.Y.Count, new GpuArguments().Put(args.Formula).Put(args.Plan.ForGpu())
                .Put<T>(args.A).Put<T>(args.B).Put<T>(args.Y));

        public static void RunGrad<TSide>(GpuDevice device, BinaryGradArgs<TFormula> args)
            where TSide : struct, ISide =>
            GradGpu<T, TNumber, TSide>.Kernel.LaunchFor(device, args.DX.Count, new GpuArguments().Put(args.Formula)
                .Put(args.Plan.ForGpu()).Put<T>(args.A).Put<T>(args.B).Put<T>(args.Y).Put<T>(args.DY)
                .Put<T>(args.DX));

        private static void Forward(TFormula formula, GpuWalk walk, ArrayView<T> a, ArrayView<T> b, ArrayView<T> y)
        {
            var i = GpuThread.Index;
            if (i >= walk.Count) return;
            walk.At(i, out var atA, out var atB, out _);
            y[i] = TNumber.FromSingle(
                formula.Forward<GpuLane>(TNumber.ToSingle(a[atA]), TNumber.ToSingle(b[atB])));
        }
    }

    private static class GradGpu<T, TNumber, TSide>
        where T : unmanaged where TNumber : struct, IGpuFloat<T> where TSide : struct, ISide
    {
        public static readonly GpuKernel Kernel = new(Gradient);

        // What the gradient does not read is not there; the conditions are constants.
        private static void Gradient(TFormula formula, GpuWalk walk, ArrayView<T> a, ArrayView<T> b,
            ArrayView<T> y, ArrayView<T> dy, ArrayView<T> dx)
        {
            var i = GpuThread.Index;
            if (i >= walk.Count) return;
            walk.At(i, out var atA, out var atB, out _);
            dx[i] = TNumber.FromSingle(TSide.Backward<GpuLane>(formula,
                (TSide.Keeps & Keep.Input) != 0 ? TNumber.ToSingle(a[atA]) : 0,
                (TSide.Keeps & Keep.Other) != 0 ? TNumber.ToSingle(b[atB]) : 0,
                (TSide.Keeps & Keep.Output) != 0 ? TNumber.ToSingle(y[i]) : 0, TNumber.ToSingle(dy[i])));
        }
    }
}
