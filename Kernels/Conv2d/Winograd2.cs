using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Lanes8 = System.Runtime.Intrinsics.Vector256<float>;

namespace Diffract.Kernels;

/// <summary>F(2 x 2, 3 x 3) on the points 0, ±1 and infinity: 16 multiplications instead of 36, with hardly any loss of
/// accuracy and a weight that grows by 16/9 only: for small images.</summary>
internal readonly unsafe struct Winograd2 : IWinograd
{
    public static int Outputs => 2;

    public static int Inputs => 4;

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input(float** pixels, nint channels, float* to, nint plane)
    {
        var memory = stackalloc Lanes8[17];
        var columns = Aligned.Up(memory);
        for (nint c = 0; c < channels; c += 8)
        {
            var t = columns;
            for (var p = pixels; p < pixels + 4; p++, t++)
            {
                InputLine(Vector256.Load(p[0] + c), Vector256.Load(p[4] + c), Vector256.Load(p[8] + c),
                    Vector256.Load(p[12] + c), out t[0], out t[4], out t[8], out t[12]);
            }
            var point = to + c;
            for (t = columns; t < columns + 16; t += 4, point += 4 * plane)
            {
                InputLine(t[0], t[1], t[2], t[3], out var r0, out var r1, out var r2, out var r3);
                Put(point, plane, r0, r1, r2, r3);
            }
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output(float* from, nint plane, nint channels, in WinogradTarget target)
    {
        var memory = stackalloc Lanes8[9];
        var lines = Aligned.Up(memory);
        float* y = target.Y, residual = target.Residual, bias = target.Bias;
        var (row, pixel, rows, columns) = (target.Row, target.Pixel, target.Rows, target.Columns);
        for (nint c = 0; c < channels; c += 8)
        {
            var point = from + c;
            var t = lines;
            for (; t < lines + 4; t++, point += plane)
            {
                OutputLine(Vector256.Load(point), Vector256.Load(point + 4 * plane), Vector256.Load(point + 8 * plane),
                    Vector256.Load(point + 12 * plane), out t[0], out t[4]);
            }
            var shift = bias is null ? Lanes8.Zero : Vector256.Load(bias + c);
            var at = c;
            for (t = lines; t < lines + 4 * rows; t += 4, at += row)
            {
                OutputLine(t[0], t[1], t[2], t[3], out var y0, out var y1);
                y0 += shift;
                y1 += shift;
                if (residual is not null) y0 += Vector256.Load(residual + at);
                y0.Store(y + at);
                if (columns < 2) continue;
                if (residual is not null) y1 += Vector256.Load(residual + at + pixel);
                y1.Store(y + at + pixel);
            }
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Weight(float* taps, bool flip, float* to, nint plane)
    {
        var t = stackalloc Lanes8[12];
        var (last, step) = flip ? (8, -1) : (0, 1);
        for (var j = 0; j < 3; j++)
        {
            WeightLine(Vector256.Load(taps + (last + step * j) * 8), Vector256.Load(taps + (last + step * (j + 3)) * 8),
                Vector256.Load(taps + (last + step * (j + 6)) * 8), out t[j], out t[j + 3], out t[j + 6], out t[j + 9]);
        }
        for (var i = 0; i < 12; i += 3, to += 4 * plane)
        {
            WeightLine(t[i], t[i + 1], t[i + 2], out var u0, out var u1, out var u2, out var u3);
            Put(to, plane, u0, u1, u2, u3);
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OutputGradient(float** pixels, nint channels, float* to, nint plane)
    {
        var memory = stackalloc Lanes8[9];
        var columns = Aligned.Up(memory);
        for (nint c = 0; c < channels; c += 8)
        {
            var t = columns;
            for (var p = pixels; p < pixels + 2; p++, t++)
            {
                OutputGradientLine(Vector256.Load(p[0] + c), Vector256.Load(p[2] + c),
                    out t[0], out t[2], out t[4], out t[6]);
            }
            var point = to + c;
            for (t = columns; t < columns + 8; t += 2, point += 4 * plane)
            {
                OutputGradientLine(t[0], t[1], out var m0, out var m1, out var m2, out var m3);
                Put(point, plane, m0, m1, m2, m3);
            }
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WeightGradient(float* from, nint plane, float* taps)
    {
        var t = stackalloc Lanes8[12];
        for (var j = 0; j < 4; j++, from += plane)
        {
            WeightGradientLine(Vector256.Load(from), Vector256.Load(from + 4 * plane), Vector256.Load(from + 8 * plane),
                Vector256.Load(from + 12 * plane), out t[j], out t[j + 4], out t[j + 8]);
        }
        for (var i = 0; i < 12; i += 4, taps += 24)
        {
            WeightGradientLine(t[i], t[i + 1], t[i + 2], t[i + 3], out var g0, out var g1, out var g2);
            g0.Store(taps);
            g1.Store(taps + 8);
            g2.Store(taps + 16);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* to, nint plane, Lanes8 v0, Lanes8 v1, Lanes8 v2, Lanes8 v3)
    {
        v0.Store(to);
        v1.Store(to + plane);
        v2.Store(to + 2 * plane);
        v3.Store(to + 3 * plane);
    }

    // Bᵀ times a line of four inputs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InputLine(Lanes8 d0, Lanes8 d1, Lanes8 d2, Lanes8 d3,
        out Lanes8 r0, out Lanes8 r1, out Lanes8 r2, out Lanes8 r3) =>
        (r0, r1, r2, r3) = (d0 - d2, d1 + d2, d2 - d1, d1 - d3);

    // Aᵀ times a line of four products.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OutputLine(Lanes8 m0, Lanes8 m1, Lanes8 m2, Lanes8 m3, out Lanes8 y0, out Lanes8 y1) =>
        (y0, y1) = (m0 + m1 + m2, m1 - m2 - m3);

    // G times a line of three.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WeightLine(Lanes8 g0, Lanes8 g1, Lanes8 g2,
        out Lanes8 u0, out Lanes8 u1, out Lanes8 u2, out Lanes8 u3)
    {
        var even = 0.5f * (g0 + g2);
        (u0, u1, u2, u3) = (g0, even + 0.5f * g1, even - 0.5f * g1, g2);
    }

    // A times a line of two.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OutputGradientLine(Lanes8 y0, Lanes8 y1,
        out Lanes8 m0, out Lanes8 m1, out Lanes8 m2, out Lanes8 m3) =>
        (m0, m1, m2, m3) = (y0, y0 + y1, y0 - y1, -y1);

    // Gᵀ times a line of four.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WeightGradientLine(Lanes8 u0, Lanes8 u1, Lanes8 u2, Lanes8 u3,
        out Lanes8 g0, out Lanes8 g1, out Lanes8 g2)
    {
        var even = 0.5f * (u1 + u2);
        (g0, g1, g2) = (u0 + even, 0.5f * (u1 - u2), even + u3);
    }
}
