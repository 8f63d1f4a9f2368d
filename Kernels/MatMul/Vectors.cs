using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>Sums of rows.</summary>
internal static unsafe class Vectors
{
    /// <summary>to += from.</summary>
    public static void Add(float* to, float* from, long count)
    {
        long i = 0;
        for (; i + 8 <= count; i += 8) (Vector256.Load(to + i) + Vector256.Load(from + i)).Store(to + i);
        for (; i < count; i++) to[i] += from[i];
    }

    /// <summary>Adds <paramref name="rows"/> rows into the first, in pairs, then pairs of pairs: the rounding error
    /// grows with the logarithm of their number. The order depends on the number alone. All rows are overwritten.
    /// </summary>
    public static void AddTree(float* first, long count, int rows, nint stride)
    {
        for (var step = 1; step < rows; step *= 2)
            for (var i = 0; i + step < rows; i += 2 * step) Add(first + i * stride, first + (i + step) * stride, count);
    }
}
