using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class LayerNorm
{
    // A short row is normalised while it is still in a cache; a long one has all threads at its sums first.
    private static void ForwardSimd(CpuDevice device, LayerNormArgs a)
    {
        using var zeros = new Scratch(device, a.Beta.Exists ? 0 : (long)a.Columns * sizeof(float));
        if (!a.Beta.Exists) new Span<float>(zeros.F32, a.Columns).Clear();
        var beta = a.Beta.Exists ? a.Beta.F32 : zeros.F32;
        if (a.Columns <= RowPieces.Most)
        {
            device.ForRows(a.Rows, a.Columns, row =>
            {
                var x = a.X.F32 + (nint)row * a.Columns;
                var mean = RowSum.Of(x, a.Columns) / a.Columns;
                SetStatistics(a, (int)row, mean, RowSum.OfSquares(x, (float)mean, a.Columns));
                Apply(a, beta, (int)row, 0, a.Columns);
            });
            return;
        }
        using var memory = new Scratch(device, 2L * a.Rows * sizeof(double));
        var sums = memory.F64;
        RowPieces.Sum(device, a.Rows, a.Columns, sums, (row, first, count) =>
            (RowSum.Of(a.X.F32 + (nint)row * a.Columns + first, count), 0));
        for (var row = 0; row < a.Rows; row++) a.Statistics.F64[2 * row] = sums[2 * row] / a.Columns;
        RowPieces.Sum(device, a.Rows, a.Columns, sums, (row, first, count) =>
            (RowSum.OfSquares(a.X.F32 + (nint)row * a.Columns + first, (float)a.Statistics.F64[2 * row], count), 0));
        for (var row = 0; row < a.Rows; row++) SetStatistics(a, row, a.Statistics.F64[2 * row], sums[2 * row]);
        RowPieces.ForEach(device, a.Rows, a.Columns, (row, first, count) => Apply(a, beta, row, first, count));
    }

    private static void SetStatistics(in LayerNormArgs a, int row, double mean, double squares)
    {
        a.Statistics.F64[2 * row] = mean;
        a.Statistics.F64[2 * row + 1] = 1 / Math.Sqrt(squares / a.Columns + a.Eps);
    }

    private static void Apply(in LayerNormArgs a, float* beta, int row, int first, int count)
    {
        var at = (nint)row * a.Columns + first;
        Apply(a.X.F32 + at, a.Gamma.F32 + first, beta + first, a.Y.F32 + at, count,
            (float)a.Statistics.F64[2 * row], (float)a.Statistics.F64[2 * row + 1]);
    }

    private static void BackwardSimd(CpuDevice device, LayerNormBackwardArgs b)
    {
        if (b.Dx.Exists) InputGradient(device, b);
        if (b.DGamma.Exists || b.DBeta.Exists) ParameterGradients(device, b);
    }

    private static void InputGradient(CpuDevice device, LayerNormBackwardArgs b)
    {
        var a = b.Forward;
        if (a.Columns <= RowPieces.Most)
        {
            device.ForRows(a.Rows, a.Columns,
                row => Gradient(b, (int)row, 0, a.Columns, GradientSums(b, (int)row, 0, a.Columns)));
            return;
        }
        using var memory = new Scratch(device, 2L * a.Rows * sizeof(double));
        var sums = memory.F64;
        RowPieces.Sum(device, a.Rows, a.Columns, sums, (row, first, count) => GradientSums(b, row, first, count));
        RowPieces.ForEach(device, a.Rows, a.Columns, (row, first, count) =>
            Gradient(b, row, first, count, (sums[2 * row], sums[2 * row + 1])));
    }

    private static (double Sum, double Product) GradientSums(in LayerNormBackwardArgs b, int row, int first, int count)
    {
        var at = (nint)row * b.Forward.Columns + first;
        return GradientSums(b.Forward.X.F32 + at, b.Dy.F32 + at, b.Forward.Gamma.F32 + first, count,
            (float)b.Forward.Statistics.F64[2 * row]);
    }

    private static void Gradient(
        in LayerNormBackwardArgs b, int row, int first, int count, (double Sum, double Product) sums)
    {
        var a = b.Forward;
        var at = (nint)row * a.Columns + first;
        double mean = a.Statistics.F64[2 * row], rstd = a.Statistics.F64[2 * row + 1];
        Gradient(a.X.F32 + at, b.Dy.F32 + at, a.Gamma.F32 + first, b.Dx.F32 + at, count, (float)mean, (float)rstd,
            (float)(-rstd * rstd * rstd * sums.Product / a.Columns), (float)(-rstd * sums.Sum / a.Columns));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply(float* x, float* gamma, float* beta, float* y, int count, float mean, float rstd)
    {
        var i = 0;
        for (; i + 8 <= count; i += 8) ApplyLane<WideLane>(x + i, gamma + i, beta + i, y + i, mean, rstd);
        for (; i < count; i++) ApplyLane<FloatLane>(x + i, gamma + i, beta + i, y + i, mean, rstd);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ApplyLane<T>(float* x, float* gamma, float* beta, float* y, float mean, float rstd)
        where T : unmanaged, ILane<T>, ILaneMemory<T, float>
    {
        var normalised = (T.Load(x) - T.Of(mean)) * T.Of(rstd);
        T.Store(y, T.MultiplyAdd(normalised, T.Load(gamma), T.Load(beta)));
    }

    // Sums of gamma dy and of gamma dy (x - mean).
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (double, double) GradientSums(float* x, float* dy, float* gamma, int count, float mean)
    {
        const int piece = 4096;
        (double, double) sums = (0, 0);
        var i = 0;
        while (i < count)
        {
            var last = Math.Min(count, i + piece);
            WideLane wideSum = default, wideProduct = default;
            for (; i + 8 <= last; i += 8)
            {
                var dn = WideLane.Load(gamma + i) * WideLane.Load(dy + i);
                wideSum += dn;
                wideProduct = WideLane.MultiplyAdd(dn, WideLane.Load(x + i) - WideLane.Of(mean), wideProduct);
            }
            var sum = Vector256.Sum(wideSum.Value);
            var product = Vector256.Sum(wideProduct.Value);
            for (; i < last; i++)
            {
                sum += gamma[i] * dy[i];
                product += gamma[i] * dy[i] * (x[i] - mean);
            }
            sums = (sums.Item1 + sum, sums.Item2 + product);
        }
        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gradient(float* x, float* dy, float* gamma, float* dx, int count, float mean, float rstd,
        float product, float sum)
    {
        var i = 0;
        for (; i + 8 <= count; i += 8)
            GradientLane<WideLane>(x + i, dy + i, gamma + i, dx + i, mean, rstd, product, sum);
        for (; i < count; i++)
            GradientLane<FloatLane>(x + i, dy + i, gamma + i, dx + i, mean, rstd, product, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void GradientLane<T>(float* x, float* dy, float* gamma, float* dx, float mean, float rstd,
        float product, float sum) where T : unmanaged, ILane<T>, ILaneMemory<T, float>
    {
        var rest = T.MultiplyAdd(T.Load(x) - T.Of(mean), T.Of(product), T.Of(sum));
        T.Store(dx, T.MultiplyAdd(T.Load(gamma) * T.Load(dy), T.Of(rstd), rest));
    }
}
