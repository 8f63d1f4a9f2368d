using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU a block has a row to itself. The parameters' gradients are added up in groups of rows, one thread
/// a column, and then over the groups.</remarks>
public static unsafe partial class LayerNorm
{
    private static class Gpu<T, TNumber> where T : unmanaged where TNumber : struct, IGpuFloat<T>
    {
        private const int RowsOfGroup = 64;

        private static readonly GpuKernel forward = new(ForwardRow, GpuBlock.Threads);
        private static readonly GpuKernel backward = new(BackwardRow, GpuBlock.Threads);
        private static readonly GpuKernel parameters = new(ParameterSums), sums = new(GroupSums);

        public static void Forward(GpuDevice device, LayerNormArgs a) => forward.Launch(device, a.Rows,
            new GpuArguments().Put<T>(a.X).Put<float>(a.Gamma).Put<float>(a.Beta).Put<T>(a.Y)
                .Put<double>(a.Statistics).Put(a.Columns).Put((double)a.Eps));

        public static void Backward(GpuDevice device, LayerNormBackwardArgs b)
        {
            var a = b.Forward;
            if (b.Dx.Exists)
                backward.Launch(device, a.Rows, new GpuArguments().Put<T>(a.X).Put<float>(a.Gamma)
                    .Put<double>(a.Statistics).Put<T>(b.Dy).Put<T>(b.Dx).Put(a.Columns));
            if (!b.DGamma.Exists && !b.DBeta.Exists) return;
            var groups = (a.Rows + RowsOfGroup - 1) / RowsOfGroup;
            using var scratch = new Scratch(device, 2L * groups * a.Columns * sizeof(double));
            var partial = scratch.F64;
            var length = 2L * groups * a.Columns;
            parameters.LaunchFor(device, (long)groups * a.Columns, new GpuArguments().Put<T>(a.X)
                .Put<double>(a.Statistics).Put<T>(b.Dy).Put(partial, length).Put(a.Rows).Put(a.Columns).Put(groups));
            sums.LaunchFor(device, a.Columns, new GpuArguments().Put(partial, length).Put<float>(b.DGamma)
                .Put<float>(b.DBeta).Put(a.Columns).Put(groups));
        }

        private static void ForwardRow(ArrayView<T> x, ArrayView<float> gamma, ArrayView<float> beta,
            ArrayView<T> y, ArrayView<double> statistics, int columns, double eps)
        {
            var row = (long)Grid.IdxX * columns;
            double own = 0;
            for (var c = Group.IdxX; c < columns; c += GpuBlock.Threads)
                own += TNumber.ToSingle(x[row + c]);
            var mean = GpuBlock.Sum(own) / columns;
            own = 0;
            for (var c = Group.IdxX; c < columns; c += GpuBlock.Threads)
            {
                var away = TNumber.ToSingle(x[row + c]) - mean;
                own += away * away;
            }
            var rstd = GpuMath.Rsqrt(GpuBlock.Sum(own) / columns + eps);
            if (Group.IdxX == 0)
            {
                statistics[2L * Grid.IdxX] = mean;
                statistics[2L * Grid.IdxX + 1] = rstd;
            }
            for (var c = Group.IdxX; c < columns; c += GpuBlock.Threads)
                y[row + c] = TNumber.FromSingle((float)((TNumber.ToSingle(x[row + c]) - mean) * rstd * gamma[c]
                    + (beta.Length > 0 ? beta[c] : 0)));
        }

        // With xn = (x - mean) rstd: dx = rstd (gamma dy - mean(gamma dy) - xn mean(gamma dy xn)).
        private static void BackwardRow(ArrayView<T> x, ArrayView<float> gamma, ArrayView<double> statistics,
            ArrayView<T> dy, ArrayView<T> dx, int columns)
        {
            var row = (long)Grid.IdxX * columns;
            double mean = statistics[2L * Grid.IdxX], rstd = statistics[2L * Grid.IdxX + 1], sum = 0, product = 0;
            for (var c = Group.IdxX; c < columns; c += GpuBlock.Threads)
            {
                var weighted = (double)gamma[c] * TNumber.ToSingle(dy[row + c]);
                sum += weighted;
                product += weighted * ((TNumber.ToSingle(x[row + c]) - mean) * rstd);
            }
            sum = GpuBlock.Sum(sum) / columns;
            product = GpuBlock.Sum(product) / columns;
            for (var c = Group.IdxX; c < columns; c += GpuBlock.Threads)
                dx[row + c] = TNumber.FromSingle((float)(rstd * ((double)gamma[c] * TNumber.ToSingle(dy[row + c]) - sum
                    - (TNumber.ToSingle(x[row + c]) - mean) * rstd * product)));
        }

        // partial[group, column]: sums of dy xn, then, behind all groups, of dy.
        private static void ParameterSums(ArrayView<T> x, ArrayView<double> statistics, ArrayView<T> dy,
            ArrayView<double> partial, int rows, int columns, int groups)
        {
            var item = GpuThread.Index;
            if (item >= (long)groups * columns) return;
            long group = item / columns, c = item - group * columns, first = group * RowsOfGroup;
            var last = first + RowsOfGroup < rows ? first + RowsOfGroup : rows;
            double product = 0, sum = 0;
            for (var r = first; r < last; r++)
            {
                var gradient = TNumber.ToSingle(dy[r * columns + c]);
                product += gradient
                    * ((TNumber.ToSingle(x[r * columns + c]) - statistics[2 * r]) * statistics[2 * r + 1]);
                sum += gradient;
            }
            partial[item] = product;
            partial[(long)groups * columns + item] = sum;
        }

        private static void GroupSums(
            ArrayView<double> partial, ArrayView<float> dGamma, ArrayView<float> dBeta, int columns, int groups)
        {
            var c = GpuThread.Index;
            if (c >= columns) return;
            double product = 0, sum = 0;
            for (long g = 0; g < groups; g++)
            {
                product += partial[g * columns + c];
                sum += partial[((long)groups + g) * columns + c];
            }
            if (dGamma.Length > 0) dGamma[c] = (float)product;
            if (dBeta.Length > 0) dBeta[c] = (float)sum;
        }
    }
}
