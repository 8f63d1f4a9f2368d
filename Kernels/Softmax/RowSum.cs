using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>Sums along a row: four vectors of floats at a time, and pieces of the row in double.</summary>
internal static unsafe class RowSum
{
    private const int Piece = 4096;

    /// <summary>The sum of x.</summary>
    public static double Of(float* x, int count) => Pieces<Element>(x, x, 0, count);

    /// <summary>The sum of x y.</summary>
    public static double OfProducts(float* x, float* y, int count) => Pieces<Product>(x, y, 0, count);

    /// <summary>The sum of (x - centre)².</summary>
    public static double OfSquares(float* x, float centre, int count) => Pieces<Square>(x, x, centre, count);

    private static double Pieces<TTerm>(float* x, float* y, float centre, int count) where TTerm : struct, ITerm
    {
        var sum = 0.0;
        for (var i = 0; i < count; i += Piece) sum += Terms<TTerm>(x + i, y + i, centre, Math.Min(Piece, count - i));
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Terms<TTerm>(float* x, float* y, float centre, int count) where TTerm : struct, ITerm
    {
        WideLane sum0 = default, sum1 = default, sum2 = default, sum3 = default;
        var i = 0;
        for (; i + 32 <= count; i += 32)
        {
            sum0 = TTerm.Add(x + i, y + i, centre, sum0);
            sum1 = TTerm.Add(x + i + 8, y + i + 8, centre, sum1);
            sum2 = TTerm.Add(x + i + 16, y + i + 16, centre, sum2);
            sum3 = TTerm.Add(x + i + 24, y + i + 24, centre, sum3);
        }
        for (; i + 8 <= count; i += 8) sum0 = TTerm.Add(x + i, y + i, centre, sum0);
        FloatLane sum = Vector256.Sum(((sum0 + sum1) + (sum2 + sum3)).Value);
        for (; i < count; i++) sum = TTerm.Add(x + i, y + i, centre, sum);
        return sum;
    }

    /// <summary>What is summed.</summary>
    private interface ITerm
    {
        /// <summary>The sum and one lane of terms more.</summary>
        static abstract T Add<T>(float* x, float* y, float centre, T sum)
            where T : unmanaged, ILane<T>, ILaneMemory<T, float>;
    }

    private readonly struct Element : ITerm
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Add<T>(float* x, float* y, float centre, T sum)
            where T : unmanaged, ILane<T>, ILaneMemory<T, float> => sum + T.Load(x);
    }

    private readonly struct Product : ITerm
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Add<T>(float* x, float* y, float centre, T sum)
            where T : unmanaged, ILane<T>, ILaneMemory<T, float> => T.MultiplyAdd(T.Load(x), T.Load(y), sum);
    }

    private readonly struct Square : ITerm
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Add<T>(float* x, float* y, float centre, T sum)
            where T : unmanaged, ILane<T>, ILaneMemory<T, float>
        {
            var distance = T.Load(x) - T.Of(centre);
            return T.MultiplyAdd(distance, distance, sum);
        }
    }
}
