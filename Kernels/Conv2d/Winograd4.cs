using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Lanes8 = System.Runtime.Intrinsics.Vector256<float>;

namespace Diffract.Kernels;

/// <summary>F(4 x 4, 3 x 3) on the points 0, ±P = ±5/8, ±Q = ±3/2 and infinity: 36 multiplications instead of 144. The
/// usual points 0, ±1, ±2 lose four times as much accuracy. All matrices follow from the points by the Toom-Cook
/// construction (Barabasz et al. 2018, https://arxiv.org/abs/1803.10986): rows of Bᵀ are coefficients of products of
/// (x - point), rows of G powers of a point over the product of its distances to the others, columns of Aᵀ powers of a
/// point.</summary>
internal readonly unsafe partial struct Winograd4 : IWinograd
{
    private const float P = 0.625f, Q = 1.5f, P2 = P * P, Q2 = Q * Q, P3 = P2 * P, Q3 = Q2 * Q;

    public static int Outputs => 4;

    public static int Inputs => 6;

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input(float** pixels, nint channels, float* to, nint plane)
    {
        var memory = stackalloc Lanes8[37];
        var columns = Aligned.Up(memory);
        for (nint c = 0; c < channels; c += 8)
        {
            var t = columns;
            for (var p = pixels; p < pixels + 6; p++, t++)
            {
                InputLine(Vector256.Load(p[0] + c), Vector256.Load(p[6] + c), Vector256.Load(p[12] + c),
                    Vector256.Load(p[18] + c), Vector256.Load(p[24] + c), Vector256.Load(p[30] + c),
                    out t[0], out t[6], out t[12], out t[18], out t[24], out t[30]);
            }
            var point = to + c;
            for (t = columns; t < columns + 36; t += 6, point += 6 * plane)
            {
                InputLine(t[0], t[1], t[2], t[3], t[4], t[5],
                    out var r0, out var r1, out var r2, out var r3, out var r4, out var r5);
                r0.Store(point);
                r1.Store(point + plane);
                r2.Store(point + 2 * plane);
                r3.Store(point + 3 * plane);
                r4.Store(point + 4 * plane);
                r5.Store(point + 5 * plane);
            }
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output(float* from, nint plane, nint channels, in WinogradTarget target)
    {
        var memory = stackalloc Lanes8[25];
        var lines = Aligned.Up(memory);
        float* y = target.Y, residual = target.Residual, bias = target.Bias;
        var (row, pixel, rows, columns) = (target.Row, target.Pixel, target.Rows, target.Columns);
        for (nint c = 0; c < channels; c += 8)
        {
            var point = from + c;
            var t = lines;
            for (; t < lines + 6; t++, point += plane)
            {
                OutputLine(Vector256.Load(point), Vector256.Load(point + 6 * plane), Vector256.Load(point + 12 * plane),
                    Vector256.Load(point + 18 * plane), Vector256.Load(point + 24 * plane),
                    Vector256.Load(point + 30 * plane), out t[0], out t[6], out t[12], out t[18]);
            }
            var shift = bias is null ? Lanes8.Zero : Vector256.Load(bias + c);
            var at = c;
            for (t = lines; t < lines + 6 * rows; t += 6, at += row)
            {
                OutputLine(t[0], t[1], t[2], t[3], t[4], t[5], out var y0, out var y1, out var y2, out var y3);
                Put(y, residual, at, y0 + shift);
                if (columns > 1) Put(y, residual, at + pixel, y1 + shift);
                if (columns > 2) Put(y, residual, at + 2 * pixel, y2 + shift);
                if (columns > 3) Put(y, residual, at + 3 * pixel, y3 + shift);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* y, float* residual, nint at, Lanes8 value)
    {
        if (residual is not null) value += Vector256.Load(residual + at);
        value.Store(y + at);
    }

    // Bᵀ times a line of six inputs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InputLine(Lanes8 d0, Lanes8 d1, Lanes8 d2, Lanes8 d3, Lanes8 d4, Lanes8 d5,
        out Lanes8 r0, out Lanes8 r1, out Lanes8 r2, out Lanes8 r3, out Lanes8 r4, out Lanes8 r5)
    {
        r0 = Fma(P2 * Q2, d0, Fma(-P2 - Q2, d2, d4));
        var even = Fma(-Q2, d2, d4);
        var odd = Fma(-Q2, d1, d3);
        r1 = Fma(P, odd, even);
        r2 = Fma(-P, odd, even);
        even = Fma(-P2, d2, d4);
        odd = Fma(-P2, d1, d3);
        r3 = Fma(Q, odd, even);
        r4 = Fma(-Q, odd, even);
        r5 = Fma(P2 * Q2, d1, Fma(-P2 - Q2, d3, d5));
    }

    // Aᵀ times a line of six products.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OutputLine(Lanes8 m0, Lanes8 m1, Lanes8 m2, Lanes8 m3, Lanes8 m4, Lanes8 m5,
        out Lanes8 y0, out Lanes8 y1, out Lanes8 y2, out Lanes8 y3)
    {
        var (sumP, differenceP) = (m1 + m2, m1 - m2);
        var (sumQ, differenceQ) = (m3 + m4, m3 - m4);
        y0 = m0 + sumP + sumQ;
        y1 = Fma(P, differenceP, Q * differenceQ);
        y2 = Fma(P2, sumP, Q2 * sumQ);
        y3 = Fma(P3, differenceP, Fma(Q3, differenceQ, m5));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Lanes8 Fma(float factor, Lanes8 x, Lanes8 y) =>
        Vector256.MultiplyAddEstimate(Vector256.Create(factor), x, y);
}
