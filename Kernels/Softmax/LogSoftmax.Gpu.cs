using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU a block has a row to itself.</remarks>
public static unsafe partial class LogSoftmax
{
    private static class Gpu<T, TNumber> where T : unmanaged where TNumber : struct, IGpuFloat<T>
    {
        private static readonly GpuKernel forward = new(ForwardRow, GpuBlock.Threads);
        private static readonly GpuKernel backward = new(BackwardRow, GpuBlock.Threads);

        public static void Forward(GpuDevice device, SoftmaxArgs a) => forward.Launch(device, a.Rows,
            new GpuArguments().Put<T>(a.X).Put<T>(a.Y).Put(a.Columns));

        public static void Backward(GpuDevice device, SoftmaxBackwardArgs a) => backward.Launch(device, a.Rows,
            new GpuArguments().Put<T>(a.Y).Put<T>(a.Dy).Put<T>(a.Dx).Put(a.Columns));

        private static void ForwardRow(ArrayView<T> x, ArrayView<T> y, int columns)
        {
            var row = (long)Grid.IdxX * columns;
            var top = GpuRows<T, TNumber>.Max(x, row, columns);
            var log = GpuLane.Log(GpuRows<T, TNumber>.SumOfExp(x, row, columns, top)).Value;
            for (var c = Group.IdxX; c < columns; c += GpuBlock.Threads)
                y[row + c] = TNumber.FromSingle(TNumber.ToSingle(x[row + c]) - top - log);
        }

        private static void BackwardRow(ArrayView<T> y, ArrayView<T> dy, ArrayView<T> dx, int columns)
        {
            var row = (long)Grid.IdxX * columns;
            double own = 0;
            for (var c = Group.IdxX; c < columns; c += GpuBlock.Threads) own += TNumber.ToSingle(dy[row + c]);
            var sum = (float)GpuBlock.Sum(own);
            for (var c = Group.IdxX; c < columns; c += GpuBlock.Threads)
                dx[row + c] = TNumber.FromSingle(
                    TNumber.ToSingle(dy[row + c]) - GpuLane.Exp(TNumber.ToSingle(y[row + c])).Value * sum);
        }
    }
}
