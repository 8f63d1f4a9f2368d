using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>What happens to a finished sum on its way to memory: y = alpha * sum + beta * y + bias +
/// residual.</summary>
/// <param name="bias">One value a column, or null.</param>
/// <param name="alpha">Factor of the sum.</param>
/// <param name="beta">Factor of what was in y; 0 does not read it.</param>
internal readonly unsafe struct RowFinish(float* bias, float alpha = 1, float beta = 0)
{
    /// <summary>Writes one row.</summary>
    /// <param name="sums">The row of sums.</param>
    /// <param name="column">First column, for the bias.</param>
    /// <param name="count">Columns to write.</param>
    /// <param name="y">First element to write.</param>
    /// <param name="residual">Added to the result; null for none. May be y itself.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Write(float* sums, int column, int count, float* y, float* residual)
    {
        var shift = bias is null ? null : bias + column;
        var j = 0;
        for (; j + 8 <= count; j += 8)
        {
            var value = Vector256.Load(sums + j);
            if (alpha != 1) value *= alpha;
            if (beta != 0) value = Vector256.MultiplyAddEstimate(Vector256.Create(beta), Vector256.Load(y + j), value);
            if (shift is not null) value += Vector256.Load(shift + j);
            if (residual is not null) value += Vector256.Load(residual + j);
            value.Store(y + j);
        }
        for (; j < count; j++)
        {
            var value = sums[j];
            if (alpha != 1) value *= alpha;
            if (beta != 0) value = float.MultiplyAddEstimate(beta, y[j], value);
            if (shift is not null) value += shift[j];
            if (residual is not null) value += residual[j];
            y[j] = value;
        }
    }
}
