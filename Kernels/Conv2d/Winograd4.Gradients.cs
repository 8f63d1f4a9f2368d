using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Lanes8 = System.Runtime.Intrinsics.Vector256<float>;

namespace Diffract.Kernels;

internal readonly unsafe partial struct Winograd4
{
    // 1 / product of a point's distances to the other finite points: of 0, of ±P, of ±Q.
    private const float N0 = 1 / (P2 * Q2), NP = 1 / (2 * P2 * (P2 - Q2)), NQ = 1 / (2 * Q2 * (Q2 - P2));

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Weight(float* taps, bool flip, float* to, nint plane)
    {
        var t = stackalloc Lanes8[18];
        var (last, step) = flip ? (8, -1) : (0, 1);
        for (var j = 0; j < 3; j++)
        {
            WeightLine(Vector256.Load(taps + (last + step * j) * 8), Vector256.Load(taps + (last + step * (j + 3)) * 8),
                Vector256.Load(taps + (last + step * (j + 6)) * 8),
                out t[j], out t[j + 3], out t[j + 6], out t[j + 9], out t[j + 12], out t[j + 15]);
        }
        for (var i = 0; i < 18; i += 3, to += 6 * plane)
        {
            WeightLine(t[i], t[i + 1], t[i + 2],
                out var u0, out var u1, out var u2, out var u3, out var u4, out var u5);
            u0.Store(to);
            u1.Store(to + plane);
            u2.Store(to + 2 * plane);
            u3.Store(to + 3 * plane);
            u4.Store(to + 4 * plane);
            u5.Store(to + 5 * plane);
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OutputGradient(float** pixels, nint channels, float* to, nint plane)
    {
        var memory = stackalloc Lanes8[25];
        var columns = Aligned.Up(memory);
        for (nint c = 0; c < channels; c += 8)
        {
            var t = columns;
            for (var p = pixels; p < pixels + 4; p++, t++)
            {
                OutputGradientLine(Vector256.Load(p[0] + c), Vector256.Load(p[4] + c), Vector256.Load(p[8] + c),
                    Vector256.Load(p[12] + c), out t[0], out t[4], out t[8], out t[12], out t[16], out t[20]);
            }
            var point = to + c;
            for (t = columns; t < columns + 24; t += 4, point += 6 * plane)
            {
                OutputGradientLine(t[0], t[1], t[2], t[3],
                    out var m0, out var m1, out var m2, out var m3, out var m4, out var m5);
                m0.Store(point);
                m1.Store(point + plane);
                m2.Store(point + 2 * plane);
                m3.Store(point + 3 * plane);
                m4.Store(point + 4 * plane);
                m5.Store(point + 5 * plane);
            }
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WeightGradient(float* from, nint plane, float* taps)
    {
        var t = stackalloc Lanes8[18];
        for (var j = 0; j < 6; j++, from += plane)
        {
            WeightGradientLine(
                Vector256.Load(from), Vector256.Load(from + 6 * plane), Vector256.Load(from + 12 * plane),
                Vector256.Load(from + 18 * plane), Vector256.Load(from + 24 * plane), Vector256.Load(from + 30 * plane),
                out t[j], out t[j + 6], out t[j + 12]);
        }
        for (var i = 0; i < 18; i += 6, taps += 24)
        {
            WeightGradientLine(t[i], t[i + 1], t[i + 2], t[i + 3], t[i + 4], t[i + 5],
                out var g0, out var g1, out var g2);
            g0.Store(taps);
            g1.Store(taps + 8);
            g2.Store(taps + 16);
        }
    }

    // G times a line of three.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WeightLine(Lanes8 g0, Lanes8 g1, Lanes8 g2,
        out Lanes8 u0, out Lanes8 u1, out Lanes8 u2, out Lanes8 u3, out Lanes8 u4, out Lanes8 u5)
    {
        u0 = N0 * g0;
        var even = Fma(NP * P2, g2, NP * g0);
        u1 = Fma(NP * P, g1, even);
        u2 = Fma(-NP * P, g1, even);
        even = Fma(NQ * Q2, g2, NQ * g0);
        u3 = Fma(NQ * Q, g1, even);
        u4 = Fma(-NQ * Q, g1, even);
        u5 = g2;
    }

    // A times a line of four.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OutputGradientLine(Lanes8 y0, Lanes8 y1, Lanes8 y2, Lanes8 y3,
        out Lanes8 m0, out Lanes8 m1, out Lanes8 m2, out Lanes8 m3, out Lanes8 m4, out Lanes8 m5)
    {
        m0 = y0;
        var even = Fma(P2, y2, y0);
        var odd = Fma(P3, y3, P * y1);
        m1 = even + odd;
        m2 = even - odd;
        even = Fma(Q2, y2, y0);
        odd = Fma(Q3, y3, Q * y1);
        m3 = even + odd;
        m4 = even - odd;
        m5 = y3;
    }

    // Gᵀ times a line of six.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WeightGradientLine(Lanes8 u0, Lanes8 u1, Lanes8 u2, Lanes8 u3, Lanes8 u4, Lanes8 u5,
        out Lanes8 g0, out Lanes8 g1, out Lanes8 g2)
    {
        var (sumP, sumQ) = (NP * (u1 + u2), NQ * (u3 + u4));
        g0 = Fma(N0, u0, sumP + sumQ);
        g1 = Fma(NP * P, u1 - u2, NQ * Q * (u3 - u4));
        g2 = Fma(P2, sumP, Fma(Q2, sumQ, u5));
    }
}
