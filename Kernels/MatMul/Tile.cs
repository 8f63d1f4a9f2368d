using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>The inner loop of every matrix product, convolution and attention on the CPU: rows of A times a panel of
/// sixteen columns of B, with twelve vectors of sums in registers. It is written once, for every width of a vector.
/// </summary>
/// <remarks>Twelve sums hide the latency of a multiply-add. Of eight floats they are six rows of two; with two vectors
/// of B and an element of A they fill the sixteen registers of AVX2, and twelve multiply-adds wait for eight loads. Of
/// four floats (or one) they are six rows of two as well, and the parts of a panel take turns. Of sixteen floats they
/// are twelve rows of one. An element's sum always runs along the depth in order: its bits depend on the width only
/// where the processor rounds products and sums apart, which it does at any width or none.</remarks>
internal static unsafe class Tile
{
    /// <summary>Rows come in multiples of this.</summary>
    public const int Rows = 6;

    /// <summary>Columns of B in a tile: the width of a panel.</summary>
    public const int Columns = 16;

    /// <summary>Floats in a vector of this machine's.</summary>
    public static int Width => Vector512.IsHardwareAccelerated ? Width16.Floats
        : Vector256.IsHardwareAccelerated ? Width8.Floats
        : Vector128.IsHardwareAccelerated ? Width4.Floats : Width1.Floats;

    /// <summary>Passes of the inner loop over the depth that <paramref name="rows"/> rows take here.</summary>
    public static int Count(int rows) =>
        Width == Columns ? (rows + 2 * Rows - 1) / (2 * Rows) : (rows + Rows - 1) / Rows;

    /// <summary>C = A B, or C += A B, for sixteen columns.</summary>
    /// <param name="rows">Rows of A and C, rounded up to a multiple of <see cref="Rows"/> by the callee.</param>
    /// <param name="depth">Length of the sums.</param>
    /// <param name="a">A, element (r, k) at r rowA + k depthA.</param>
    /// <param name="rowA">Floats between rows of A.</param>
    /// <param name="depthA">Floats between columns of A: 1, or another for a transpose.</param>
    /// <param name="b">B, sixteen columns next to each other.</param>
    /// <param name="depthB">Floats between rows of B; 16 for a packed panel.</param>
    /// <param name="c">C, sixteen columns next to each other.</param>
    /// <param name="rowC">Floats between rows of C.</param>
    /// <param name="accumulate">Adds to C instead of overwriting it.</param>
    /// <param name="ahead">What is brought into the second cache meanwhile.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(int rows, int depth, float* a, nint rowA, nint depthA, float* b, nint depthB, float* c,
        nint rowC, bool accumulate, Ahead ahead = default)
    {
        // The runtime compiles one of the four.
        if (Vector512.IsHardwareAccelerated)
            Multiply<Width16, Vector512<float>>(rows, depth, a, rowA, depthA, b, depthB, c, rowC, accumulate, ahead);
        else if (Vector256.IsHardwareAccelerated)
            Multiply<Width8, Vector256<float>>(rows, depth, a, rowA, depthA, b, depthB, c, rowC, accumulate, ahead);
        else if (Vector128.IsHardwareAccelerated)
            Multiply<Width4, Vector128<float>>(rows, depth, a, rowA, depthA, b, depthB, c, rowC, accumulate, ahead);
        else
            Multiply<Width1, float>(rows, depth, a, rowA, depthA, b, depthB, c, rowC, accumulate, ahead);
    }

    /// <summary>The same with vectors of a given width, whether the machine has them or not.</summary>
    public static void Multiply<TWidth, T>(int rows, int depth, float* a, nint rowA, nint depthA, float* b, nint depthB,
        float* c, nint rowC, bool accumulate, Ahead ahead)
        where TWidth : struct, IWidth<T> where T : unmanaged
    {
        // A vector as wide as the panel takes two times six rows.
        var together = TWidth.Floats == Columns ? 2 * Rows : Rows;
        // Where there is nothing to ask for, it asks for what is at hand.
        var wanted = ahead.IsNothing ? (byte*)b : ahead.First;
        for (; rows > (TWidth.Floats == Columns ? Rows : 0); rows -= together, a += together * rowA,
            c += together * rowC, wanted += ahead.Tile)
            for (var j = 0; j < Columns; j += TWidth.Floats == Columns ? Columns : 2 * TWidth.Floats)
                Sums<TWidth, T>(depth, a, rowA, depthA, b + j, depthB, c + j, rowC, accumulate, wanted, ahead.Step);
        // Six rows that are left over are two narrower vectors wide.
        if (TWidth.Floats == Columns && rows > 0)
            Sums<Width8, Vector256<float>>(depth, a, rowA, depthA, b, depthB, c, rowC, accumulate, wanted, ahead.Step);
    }

    // Twelve vectors of sums in six pairs: the second of a pair is to the right of the first or, where a vector is as
    // wide as the panel, six rows below it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sums<TWidth, T>(int depth, float* a, nint rowA, nint depthA, float* b, nint depthB, float* c,
        nint rowC, bool accumulate, byte* wanted, nint wantedStep)
        where TWidth : struct, IWidth<T> where T : unmanaged
    {
        float* a0 = a, a1 = a + rowA, a2 = a + 2 * rowA, a3 = a + 3 * rowA, a4 = a + 4 * rowA, a5 = a + 5 * rowA;
        T c00, c01, c10, c11, c20, c21, c30, c31, c40, c41, c50, c51;
        c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = c40 = c41 = c50 = c51 = default;
        for (nint k = 0, below = Rows * rowA; depth > 0;
            depth--, k += depthA, below += depthA, b += depthB, wanted += wantedStep)
        {
            Ahead.Ask(wanted);
            var left = TWidth.Load(b);
            var right = TWidth.Floats == Columns ? left : TWidth.Load(b + TWidth.Floats);
            var x = TWidth.Repeat(a0 + k);
            c00 = TWidth.MultiplyAdd(x, left, c00);
            c01 = TWidth.MultiplyAdd(Second<TWidth, T>(x, a0 + below), right, c01);
            x = TWidth.Repeat(a1 + k);
            c10 = TWidth.MultiplyAdd(x, left, c10);
            c11 = TWidth.MultiplyAdd(Second<TWidth, T>(x, a1 + below), right, c11);
            x = TWidth.Repeat(a2 + k);
            c20 = TWidth.MultiplyAdd(x, left, c20);
            c21 = TWidth.MultiplyAdd(Second<TWidth, T>(x, a2 + below), right, c21);
            x = TWidth.Repeat(a3 + k);
            c30 = TWidth.MultiplyAdd(x, left, c30);
            c31 = TWidth.MultiplyAdd(Second<TWidth, T>(x, a3 + below), right, c31);
            x = TWidth.Repeat(a4 + k);
            c40 = TWidth.MultiplyAdd(x, left, c40);
            c41 = TWidth.MultiplyAdd(Second<TWidth, T>(x, a4 + below), right, c41);
            x = TWidth.Repeat(a5 + k);
            c50 = TWidth.MultiplyAdd(x, left, c50);
            c51 = TWidth.MultiplyAdd(Second<TWidth, T>(x, a5 + below), right, c51);
        }
        var second = TWidth.Floats == Columns ? Rows * rowC : TWidth.Floats;
        Put<TWidth, T>(c, second, c00, c01, accumulate);
        Put<TWidth, T>(c + rowC, second, c10, c11, accumulate);
        Put<TWidth, T>(c + 2 * rowC, second, c20, c21, accumulate);
        Put<TWidth, T>(c + 3 * rowC, second, c30, c31, accumulate);
        Put<TWidth, T>(c + 4 * rowC, second, c40, c41, accumulate);
        Put<TWidth, T>(c + 5 * rowC, second, c50, c51, accumulate);
    }

    // What a pair's second sum multiplies with: the row's element too, or that of its own row.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Second<TWidth, T>(T x, float* below) where TWidth : struct, IWidth<T> where T : unmanaged =>
        TWidth.Floats == Columns ? TWidth.Repeat(below) : x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TWidth, T>(float* c, nint second, T x, T y, bool accumulate)
        where TWidth : struct, IWidth<T> where T : unmanaged
    {
        if (accumulate)
        {
            x = TWidth.Add(x, TWidth.Load(c));
            y = TWidth.Add(y, TWidth.Load(c + second));
        }
        TWidth.Store(c, x);
        TWidth.Store(c + second, y);
    }
}
