using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Diffract.Kernels;

/// <summary>Functions that a GPU's thread calculates in double precision, because floats would lose too much on the
/// way.</summary>
internal static partial class GpuMath
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    // ln 2 in two parts, the first with zeros at its end.
    private const double Ln2High = 6.93147180369123816490e-01, Ln2Low = 1.90821492927058770002e-10;

    /// <summary>x to a constant power, to within a float's rounding; NaN for a negative number and a power that is not
    /// whole.</summary>
    public static float Pow(float x, double exponent)
    {
        if (exponent == 0) return 1;
        var magnitude = x < 0 ? -x : x;
        var whole = exponent == Whole(exponent);
        var odd = whole && exponent != 2 * Whole(exponent * 0.5);
        float result;
        if (magnitude == 0) result = exponent < 0 ? float.PositiveInfinity : 0;
        else if (magnitude == float.PositiveInfinity) result = exponent < 0 ? 0 : float.PositiveInfinity;
        else result = (float)Exp(exponent * Log(magnitude));
        if (!(x < 0)) return float.IsNaN(x) ? x : result;
        return !whole ? float.NaN : odd ? -result : result;
    }

    /// <summary>1 / √x, correctly rounded twice.</summary>
    [MethodImpl(Inline)]
    public static double Rsqrt(double x)
    {
        CudaAsm.Emit("sqrt.rn.f64 %0, %1;", out double root, x);
        return 1 / root;
    }

    // The nearest whole number towards zero; numbers beyond 2⁶² are whole and even.
    [MethodImpl(Inline)]
    private static double Whole(double x) => x is > 4e18 or < -4e18 ? x : (long)x;

    /// <summary>The natural logarithm of a positive, finite double.</summary>
    public static double Log(double x)
    {
        var bits = (long)Interop.FloatAsInt(x);
        // m in [√½, √2): the series of atanh then has an argument below 0.172.
        var e = (bits - 0x3FE6A09E667F3BCD) >> 52;
        var m = Interop.IntAsFloat((ulong)(bits - (e << 52)));
        var t = (m - 1) / (m + 1);
        var z = t * t;
        var sum = 1.0 / 19;
        sum = sum * z + 1.0 / 17;
        sum = sum * z + 1.0 / 15;
        sum = sum * z + 1.0 / 13;
        sum = sum * z + 1.0 / 11;
        sum = sum * z + 1.0 / 9;
        sum = sum * z + 1.0 / 7;
        sum = sum * z + 1.0 / 5;
        sum = sum * z + 1.0 / 3;
        return e * Ln2High + (2 * t + (2 * t * z * sum + e * Ln2Low));
    }

    /// <summary>e to a power; 0 and ∞ beyond a float's range.</summary>
    public static double Exp(double x)
    {
        if (x < -200) return 0;
        if (x > 200) return double.PositiveInfinity;
        var n = (long)(x * 1.4426950408889634 + (x < 0 ? -0.5 : 0.5));
        var r = x - n * Ln2High - n * Ln2Low;
        // The Taylor series: |r| ≤ 0.35, so the thirteenth power is below a double's precision.
        var sum = 1.0 / 6227020800;
        sum = sum * r + 1.0 / 479001600;
        sum = sum * r + 1.0 / 39916800;
        sum = sum * r + 1.0 / 3628800;
        sum = sum * r + 1.0 / 362880;
        sum = sum * r + 1.0 / 40320;
        sum = sum * r + 1.0 / 5040;
        sum = sum * r + 1.0 / 720;
        sum = sum * r + 1.0 / 120;
        sum = sum * r + 1.0 / 24;
        sum = sum * r + 1.0 / 6;
        sum = sum * r + 0.5;
        sum = sum * r * r + r + 1;
        return sum * Interop.IntAsFloat((ulong)(n + 1023) << 52);
    }
}
