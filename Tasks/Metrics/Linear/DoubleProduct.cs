using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Matrix products A Bᵀ in float64 on all cores: tensors multiply fast in float32 only, whose rounding a
/// square root of eigenvalues would make a thousand times larger. Row-major; same bits for any number of threads.
/// </summary>
internal static class DoubleProduct
{
    // 64 rows of 512 numbers are 256 KiB: those of A and of B stay in a core's second cache.
    private const int Side = 64, Depth = 512, Lanes = 4;

    /// <summary>C += A Bᵀ.</summary>
    /// <param name="c">[m, n].</param>
    /// <param name="a">[m, k].</param>
    /// <param name="m">Rows of A.</param>
    /// <param name="b">[n, k].</param>
    /// <param name="n">Rows of B.</param>
    /// <param name="k">Their length.</param>
    public static void Add(double[] c, double[] a, int m, double[] b, int n, int k)
    {
        var (across, down) = (Parts(n), Parts(m));
        Device.Cpu.For(across * down, part => Tile(c, a, m, b, n, k, part / across * Side, part % across * Side));
    }

    /// <summary>C += A Aᵀ, of which only the blocks on and below the diagonal are calculated; see <see cref="Mirror"/>.
    /// </summary>
    /// <param name="c">[m, m].</param>
    /// <param name="a">[m, k].</param>
    /// <param name="m">Rows of A.</param>
    /// <param name="k">Their length.</param>
    public static void AddGram(double[] c, double[] a, int m, int k)
    {
        var parts = Parts(m);
        Device.Cpu.For(parts * parts, part =>
        {
            var (row, column) = (part / parts, part % parts);
            if (column <= row) Tile(c, a, m, a, m, k, row * Side, column * Side);
        });
    }

    /// <summary>Copies what is below the diagonal of a square matrix above it.</summary>
    public static void Mirror(double[] matrix, int size)
    {
        for (var i = 0; i < size; i++)
            for (var j = 0; j < i; j++) matrix[j * size + i] = matrix[i * size + j];
    }

    private static int Parts(int rows) => (rows + Side - 1) / Side;

    // Four rows of A meet two of B at a time. Beyond the last row the last one is taken again: its sums are the same.
    private static void Tile(double[] c, double[] a, int m, double[] b, int n, int k, int top, int left)
    {
        var (bottom, right) = (Math.Min(m, top + Side), Math.Min(n, left + Side));
        Span<double> sums = stackalloc double[8];
        for (var from = 0; from < k; from += Depth)
        {
            var count = Math.Min(Depth, k - from);
            for (var i = top; i < bottom; i += 4)
                for (var j = left; j < right; j += 2)
                {
                    Multiply(ref a[i * k + from], ref a[Math.Min(i + 1, bottom - 1) * k + from],
                        ref a[Math.Min(i + 2, bottom - 1) * k + from], ref a[Math.Min(i + 3, bottom - 1) * k + from],
                        ref b[j * k + from], ref b[Math.Min(j + 1, right - 1) * k + from], count, sums);
                    for (var p = 0; p < 4 && i + p < bottom; p++)
                        for (var q = 0; q < 2 && j + q < right; q++) c[(i + p) * n + j + q] += sums[2 * p + q];
                }
        }
    }

    private static void Multiply(ref double a0, ref double a1, ref double a2, ref double a3, ref double b0,
        ref double b1, int count, Span<double> sums)
    {
        Vector256<double> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default,
            c30 = default, c31 = default;
        nuint at = 0;
        var whole = (nuint)(count / Lanes * Lanes);
        for (; at < whole; at += Lanes)
        {
            var (p, q) = (Vector256.LoadUnsafe(ref b0, at), Vector256.LoadUnsafe(ref b1, at));
            var x = Vector256.LoadUnsafe(ref a0, at);
            (c00, c01) = (Vector256.FusedMultiplyAdd(x, p, c00), Vector256.FusedMultiplyAdd(x, q, c01));
            x = Vector256.LoadUnsafe(ref a1, at);
            (c10, c11) = (Vector256.FusedMultiplyAdd(x, p, c10), Vector256.FusedMultiplyAdd(x, q, c11));
            x = Vector256.LoadUnsafe(ref a2, at);
            (c20, c21) = (Vector256.FusedMultiplyAdd(x, p, c20), Vector256.FusedMultiplyAdd(x, q, c21));
            x = Vector256.LoadUnsafe(ref a3, at);
            (c30, c31) = (Vector256.FusedMultiplyAdd(x, p, c30), Vector256.FusedMultiplyAdd(x, q, c31));
        }
        ReadOnlySpan<Vector256<double>> lanes = [c00, c01, c10, c11, c20, c21, c30, c31];
        for (var i = 0; i < sums.Length; i++) sums[i] = DoubleRows.Sum(lanes[i]);
        for (; at < (nuint)count; at++)
        {
            var (p, q) = (Unsafe.Add(ref b0, at), Unsafe.Add(ref b1, at));
            sums[0] += Unsafe.Add(ref a0, at) * p;
            sums[1] += Unsafe.Add(ref a0, at) * q;
            sums[2] += Unsafe.Add(ref a1, at) * p;
            sums[3] += Unsafe.Add(ref a1, at) * q;
            sums[4] += Unsafe.Add(ref a2, at) * p;
            sums[5] += Unsafe.Add(ref a2, at) * q;
            sums[6] += Unsafe.Add(ref a3, at) * p;
            sums[7] += Unsafe.Add(ref a3, at) * q;
        }
    }
}
