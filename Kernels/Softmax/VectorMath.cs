using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>Elementary functions of eight floats.</summary>
internal static unsafe class VectorMath
{
    /// <summary>e^x to about one unit in the last place; 0 far below, infinity far above, NaN for NaN.</summary>
    /// <remarks>x = n ln 2 + r with |r| at most ln(2)/2; e^r by its Taylor polynomial of degree 7, whose remainder is
    /// below 1e-8; 2^n in two factors, so that results may be subnormal.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Exp(Vector256<float> x)
    {
        x = Vector256.MinNative(Vector256.Create(89f), x);
        x = Vector256.MaxNative(Vector256.Create(-104f), x);
        var n = Vector256.Round(x * Vector256.Create(1.44269504f));
        // ln 2 in two parts; the product of n with the first is exact.
        var r = Vector256.MultiplyAddEstimate(n, Vector256.Create(-0.693359375f), x);
        r = Vector256.MultiplyAddEstimate(n, Vector256.Create(2.12194440e-4f), r);
        var p = Vector256.Create(1f / 5040);
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(1f / 720));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(1f / 120));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(1f / 24));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(1f / 6));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(0.5f));
        p = Vector256.MultiplyAddEstimate(p, r * r, r) + Vector256<float>.One;
        var whole = Vector256.ConvertToInt32Native(n);
        var half = whole >> 1;
        return p * PowerOfTwo(half) * PowerOfTwo(whole - half);
    }

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Sigmoid(Vector256<float> x) =>
        Vector256<float>.One / (Vector256<float>.One + Exp(-x));

    /// <summary>The first <paramref name="count"/> (below 8) floats at <paramref name="p"/>, then zeros.</summary>
    public static Vector256<float> LoadPart(float* p, int count)
    {
        var lanes = stackalloc float[8];
        for (var i = 0; i < 8; i++) lanes[i] = i < count ? p[i] : 0;
        return Vector256.Load(lanes);
    }

    /// <summary>Writes the first <paramref name="count"/> (below 8) floats of a vector and nothing more.</summary>
    public static void StorePart(Vector256<float> value, float* p, int count)
    {
        var lanes = stackalloc float[8];
        value.Store(lanes);
        for (var i = 0; i < count; i++) p[i] = lanes[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> PowerOfTwo(Vector256<int> n) => ((n + Vector256.Create(127)) << 23).AsSingle();
}
