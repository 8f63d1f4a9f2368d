using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU a thread adds up a column of a few rows, and a block then what its column has, in double
/// precision.</remarks>
public static unsafe partial class ColumnSums
{
    private static class Gpu<T, TNumber> where T : unmanaged where TNumber : struct, IGpuFloat<T>
    {
        private const int RowsOfThread = 128;

        private static readonly GpuKernel pieces = new(Pieces), totals = new(Totals, GpuBlock.Threads);

        public static void Run(GpuDevice device, ColumnSumsArgs args)
        {
            var length = (args.Rows + RowsOfThread - 1) / RowsOfThread * args.Columns;
            using var scratch = new Scratch(device, Math.Max(1, length) * sizeof(double));
            pieces.LaunchFor(device, length, new GpuArguments().Put<T>(args.X).Put(scratch.F64, length)
                .Put(args.Rows).Put(args.Columns));
            totals.Launch(device, args.Columns, new GpuArguments().Put(scratch.F64, length).Put<float>(args.Sums)
                .Put(args.Columns));
        }

        // partial[piece, column]
        private static void Pieces(ArrayView<T> x, ArrayView<double> partial, long rows, int columns)
        {
            var item = GpuThread.Index;
            if (item >= partial.Length) return;
            long piece = item / columns, c = item - piece * columns, first = piece * RowsOfThread;
            var last = first + RowsOfThread < rows ? first + RowsOfThread : rows;
            double sum = 0;
            for (var row = first; row < last; row++) sum += TNumber.ToSingle(x[row * columns + c]);
            partial[item] = sum;
        }

        private static void Totals(ArrayView<double> partial, ArrayView<float> sums, int columns)
        {
            var step = (long)GpuBlock.Threads * columns;
            double sum = 0;
            for (var at = (long)Group.IdxX * columns + Grid.IdxX; at < partial.Length; at += step) sum += partial[at];
            sum = GpuBlock.Sum(sum);
            if (Group.IdxX == 0) sums[Grid.IdxX] = (float)sum;
        }
    }
}
