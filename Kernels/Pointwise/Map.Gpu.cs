using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU a thread has what one access of 16 bytes reads where addresses and lengths allow, and else one
/// number.</remarks>
public static unsafe partial class Map<TFormula>
{
    // What the formula does not keep is not there: the conditions are constants.
    private static class Gpu<T, TNumber, TPack, TNumbers>
        where T : unmanaged where TNumber : struct, IGpuFloat<T>
        where TPack : unmanaged where TNumbers : struct, IGpuPack<TPack>
    {
        private static readonly GpuKernel forwardPack = new(ForwardPack), forwardOne = new(ForwardOne);
        private static readonly GpuKernel backwardPack = new(BackwardPack), backwardOne = new(BackwardOne);

        public static void Run(GpuDevice device, MapArgs<TFormula> args)
        {
            if (GpuViews.InPacks(args.X, args.Y))
                forwardPack.LaunchFor(device, args.Y.Count * sizeof(T) / sizeof(TPack), new GpuArguments()
                    .Put(args.Formula).Put<TPack>(args.X).Put<TPack>(args.Y));
            else
                forwardOne.LaunchFor(device, args.Y.Count, new GpuArguments()
                    .Put(args.Formula).Put<T>(args.X).Put<T>(args.Y));
        }

        public static void RunGrad(GpuDevice device, MapGradArgs<TFormula> args)
        {
            if (GpuViews.InPacks(args.X, args.Y, args.DY, args.DX))
                backwardPack.LaunchFor(device, args.DX.Count * sizeof(T) / sizeof(TPack), new GpuArguments()
                    .Put(args.Formula).Put<TPack>(args.X).Put<TPack>(args.Y).Put<TPack>(args.DY).Put<TPack>(args.DX));
            else
                backwardOne.LaunchFor(device, args.DX.Count, new GpuArguments().Put(args.Formula)
                    .Put<T>(args.X).Put<T>(args.Y).Put<T>(args.DY).Put<T>(args.DX));
        }

        private static void ForwardPack(TFormula formula, ArrayView<TPack> x, ArrayView<TPack> y)
        {
            var i = GpuThread.Index;
            if (i < y.Length) y[i] = TNumbers.Forward(formula, x[i]);
        }

        private static void ForwardOne(TFormula formula, ArrayView<T> x, ArrayView<T> y)
        {
            var i = GpuThread.Index;
            if (i < y.Length) y[i] = TNumber.FromSingle(formula.Forward<GpuLane>(TNumber.ToSingle(x[i])));
        }

        private static void BackwardPack(
            TFormula formula, ArrayView<TPack> x, ArrayView<TPack> y, ArrayView<TPack> dy, ArrayView<TPack> dx)
        {
            var i = GpuThread.Index;
            if (i >= dx.Length) return;
            dx[i] = TNumbers.Backward(formula, (TFormula.Keeps & Keep.Input) != 0 ? x[i] : default,
                (TFormula.Keeps & Keep.Output) != 0 ? y[i] : default, dy[i]);
        }

        private static void BackwardOne(
            TFormula formula, ArrayView<T> x, ArrayView<T> y, ArrayView<T> dy, ArrayView<T> dx)
        {
            var i = GpuThread.Index;
            if (i >= dx.Length) return;
            dx[i] = TNumber.FromSingle(formula.Backward<GpuLane>(
                (TFormula.Keeps & Keep.Input) != 0 ? TNumber.ToSingle(x[i]) : 0,
                (TFormula.Keeps & Keep.Output) != 0 ? TNumber.ToSingle(y[i]) : 0, TNumber.ToSingle(dy[i])));
        }
    }
}
