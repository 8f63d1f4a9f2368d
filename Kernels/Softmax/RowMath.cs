using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>What softmaxes do to a row of numbers. Rows longer than a piece are summed piece by piece in double.
/// </summary>
internal static unsafe class RowMath
{
    private const int Piece = 4096;

    /// <summary>The largest element, or <paramref name="least"/> when that is larger. A NaN may be passed over: what is
    /// calculated with it says so.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Largest(float* x, int count, float least = float.NegativeInfinity)
    {
        Vector256<float> top0 = Vector256.Create(least), top1 = top0, top2 = top0, top3 = top0;
        var i = 0;
        for (; i + 32 <= count; i += 32)
        {
            top0 = Vector256.MaxNative(top0, Vector256.Load(x + i));
            top1 = Vector256.MaxNative(top1, Vector256.Load(x + i + 8));
            top2 = Vector256.MaxNative(top2, Vector256.Load(x + i + 16));
            top3 = Vector256.MaxNative(top3, Vector256.Load(x + i + 24));
        }
        for (; i + 8 <= count; i += 8) top0 = Vector256.MaxNative(top0, Vector256.Load(x + i));
        top0 = Vector256.MaxNative(Vector256.MaxNative(top0, top1), Vector256.MaxNative(top2, top3));
        var four = Vector128.MaxNative(top0.GetLower(), top0.GetUpper());
        var two = Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        var top = Math.Max(two[0], two[1]);
        for (; i < count; i++) top = Math.Max(top, x[i]);
        return top;
    }

    /// <summary>Returns the sum of e^(x - shift), and writes the terms to <paramref name="y"/>, which may be x, or
    /// null.</summary>
    public static double Exponentials(float* x, float* y, int count, float shift)
    {
        var sum = 0.0;
        for (var i = 0; i < count; i += Piece)
            sum += ExponentialPiece(x + i, y == null ? null : y + i, Math.Min(Piece, count - i), shift);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float ExponentialPiece(float* x, float* y, int count, float shift)
    {
        var sums = Vector256<float>.Zero;
        var i = 0;
        for (; Vector512.IsHardwareAccelerated && i + 16 <= count; i += 16)
        {
            Vector512<float> e = LaneMath.ExpFlushed((WidestLane)(Vector512.Load(x + i) - Vector512.Create(shift)));
            if (y != null) e.Store(y + i);
            sums = sums + e.GetLower() + e.GetUpper();
        }
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
}
