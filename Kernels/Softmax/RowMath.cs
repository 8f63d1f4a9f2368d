using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>What softmaxes do to a row of numbers. Rows longer than a piece are summed piece by piece in double.
/// </summary>
internal static unsafe class RowMath
{
    private const int Piece = 4096;

    /// <summary>The largest element, or <paramref name="least"/> when that is larger; NaN when there is one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Largest(float* x, int count, float least = float.NegativeInfinity)
    {
        var tops = Vector256.Create(least);
        var i = 0;
        for (; i + 8 <= count; i += 8) tops = Vector256.Max(tops, Vector256.Load(x + i));
        var top = least;
        for (var lane = 0; lane < 8; lane++) top = MathF.Max(top, tops[lane]);
        for (; i < count; i++) top = MathF.Max(top, x[i]);
        return top;
    }

    /// <summary>Returns the sum of e^(x - shift), and writes the terms to <paramref name="y"/>, which may be x, or null.
    /// </summary>
    public static double Exponentials(float* x, float* y, int count, float shift)
    {
        var sum = 0.0;
        for (var i = 0; i < count; i += Piece)
            sum += ExponentialPiece(x + i, y == null ? null : y + i, Math.Min(Piece, count - i), shift);
        return sum;
    }

    /// <summary>The sum of x, or of x y.</summary>
    public static double Sum(float* x, float* y, int count)
    {
        var sum = 0.0;
        for (var i = 0; i < count; i += Piece)
            sum += SumPiece(x + i, y == null ? null : y + i, Math.Min(Piece, count - i));
        return sum;
    }

    /// <summary>The sum of (x - centre)².</summary>
    public static double SumSquares(float* x, int count, float centre)
    {
        var sum = 0.0;
        for (var i = 0; i < count; i += Piece) sum += SquaresPiece(x + i, Math.Min(Piece, count - i), centre);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float SquaresPiece(float* x, int count, float centre)
    {
        var sums = Vector256<float>.Zero;
        var i = 0;
        for (; i + 8 <= count; i += 8)
        {
            var distance = Vector256.Load(x + i) - Vector256.Create(centre);
            sums = Vector256.MultiplyAddEstimate(distance, distance, sums);
        }
        var sum = Vector256.Sum(sums);
        for (; i < count; i++) sum += (x[i] - centre) * (x[i] - centre);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float ExponentialPiece(float* x, float* y, int count, float shift)
    {
        var sums = Vector256<float>.Zero;
        var i = 0;
        for (; i + 8 <= count; i += 8)
        {
            Vector256<float> e = LaneMath.ExpFlushed((WideLane)(Vector256.Load(x + i) - Vector256.Create(shift)));
            if (y != null) e.Store(y + i);
            sums += e;
        }
        var sum = Vector256.Sum(sums);
        for (; i < count; i++)
        {
            float e = LaneMath.ExpFlushed((FloatLane)(x[i] - shift));
            if (y != null) y[i] = e;
            sum += e;
        }
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float SumPiece(float* x, float* y, int count)
    {
        var sums = Vector256<float>.Zero;
        var i = 0;
        for (; i + 8 <= count; i += 8)
            sums = Vector256.MultiplyAddEstimate(Vector256.Load(x + i),
                y == null ? Vector256<float>.One : Vector256.Load(y + i), sums);
        var sum = Vector256.Sum(sums);
        for (; i < count; i++) sum += x[i] * (y == null ? 1 : y[i]);
        return sum;
    }
}
