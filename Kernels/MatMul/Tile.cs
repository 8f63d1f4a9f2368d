using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>The inner loop of every matrix product and convolution on the CPU: six rows of A times a panel of sixteen
/// columns of B. The twelve sums, two vectors of B and one element of A fill the sixteen registers of AVX2, and
/// 12 multiply-adds wait for 8 loads, so that the multipliers are never idle.</summary>
internal static unsafe class Tile
{
    /// <summary>Rows of A in a tile.</summary>
    public const int Rows = 6;

    /// <summary>Columns of B in a tile: the width of a panel.</summary>
    public const int Columns = 16;

    /// <summary>C = A B, or C += A B, for a 6 x 16 tile.</summary>
    /// <param name="depth">Length of the sums.</param>
    /// <param name="a">First of six rows, each contiguous along the depth.</param>
    /// <param name="strideA">Floats between rows of A.</param>
    /// <param name="b">Sixteen columns, next to each other at each depth.</param>
    /// <param name="strideB">Floats between depths of B; 16 for a packed panel.</param>
    /// <param name="c">The tile's first row.</param>
    /// <param name="strideC">Floats between rows of C.</param>
    /// <param name="accumulate">Adds to C instead of overwriting it.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(
        nint depth, float* a, nint strideA, float* b, nint strideB, float* c, nint strideC, bool accumulate)
    {
        float* a0 = a, a1 = a + strideA, a2 = a + 2 * strideA, a3 = a + 3 * strideA, a4 = a + 4 * strideA,
            a5 = a + 5 * strideA;
        Vector256<float> c00, c01, c10, c11, c20, c21, c30, c31, c40, c41, c50, c51;
        c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = c40 = c41 = c50 = c51 = Vector256<float>.Zero;
        for (nint k = 0; k < depth; k++)
        {
            var left = Vector256.Load(b);
            var right = Vector256.Load(b + 8);
            var x = Vector256.Create(a0[k]);
            c00 = Vector256.MultiplyAddEstimate(x, left, c00);
            c01 = Vector256.MultiplyAddEstimate(x, right, c01);
            x = Vector256.Create(a1[k]);
            c10 = Vector256.MultiplyAddEstimate(x, left, c10);
            c11 = Vector256.MultiplyAddEstimate(x, right, c11);
            x = Vector256.Create(a2[k]);
            c20 = Vector256.MultiplyAddEstimate(x, left, c20);
            c21 = Vector256.MultiplyAddEstimate(x, right, c21);
            x = Vector256.Create(a3[k]);
            c30 = Vector256.MultiplyAddEstimate(x, left, c30);
            c31 = Vector256.MultiplyAddEstimate(x, right, c31);
            x = Vector256.Create(a4[k]);
            c40 = Vector256.MultiplyAddEstimate(x, left, c40);
            c41 = Vector256.MultiplyAddEstimate(x, right, c41);
            x = Vector256.Create(a5[k]);
            c50 = Vector256.MultiplyAddEstimate(x, left, c50);
            c51 = Vector256.MultiplyAddEstimate(x, right, c51);
            b += strideB;
        }
        Put(c, c00, c01, accumulate);
        Put(c + strideC, c10, c11, accumulate);
        Put(c + 2 * strideC, c20, c21, accumulate);
        Put(c + 3 * strideC, c30, c31, accumulate);
        Put(c + 4 * strideC, c40, c41, accumulate);
        Put(c + 5 * strideC, c50, c51, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, Vector256<float> left, Vector256<float> right, bool accumulate)
    {
        if (accumulate)
        {
            left += Vector256.Load(c);
            right += Vector256.Load(c + 8);
        }
        left.Store(c);
        right.Store(c + 8);
    }
}
