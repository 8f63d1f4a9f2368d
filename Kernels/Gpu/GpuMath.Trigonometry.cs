using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Diffract.Kernels;

internal static partial class GpuMath
{
    // π/2 as the sum of three doubles.
    private const double HalfPiHigh = 1.5707963267948966, HalfPiMiddle = 6.123233995736766e-17,
        HalfPiLow = -1.4973849048591698e-33;

    /// <summary>Sine and cosine of an angle that is a float of a magnitude up to 2⁵⁰, to within a float's rounding also
    /// near their zeros.</summary>
    public static void SinCos(double x, out double sin, out double cos)
    {
        // x = n π/2 + r with |r| below 1 (Cody and Waite). With one rounding each, the first step is exact and the
        // others lose nothing of r, small as it may be.
        CudaAsm.Emit("cvt.rni.f64.f64 %0, %1;", out double n, x * 0.6366197723675814);
        var r = MultiplyAdd(-n, HalfPiLow, MultiplyAdd(-n, HalfPiMiddle, MultiplyAdd(-n, HalfPiHigh, x)));
        var z = r * r;
        // The Taylor series: the powers left out are below a double's precision up to π/4.
        var odd = -1.0 / 1307674368000;
        odd = odd * z + 1.0 / 6227020800;
        odd = odd * z - 1.0 / 39916800;
        odd = odd * z + 1.0 / 362880;
        odd = odd * z - 1.0 / 5040;
        odd = odd * z + 1.0 / 120;
        odd = odd * z - 1.0 / 6;
        odd = odd * z * r + r;
        var even = 1.0 / 20922789888000;
        even = even * z - 1.0 / 87178291200;
        even = even * z + 1.0 / 479001600;
        even = even * z - 1.0 / 3628800;
        even = even * z + 1.0 / 40320;
        even = even * z - 1.0 / 720;
        even = even * z + 1.0 / 24;
        even = even * z - 0.5;
        even = even * z + 1;
        // Each of the n quarter turns sends (cos, sin) to (-sin, cos).
        var quarter = (long)n;
        sin = (quarter & 1) == 0 ? odd : even;
        cos = (quarter & 1) == 0 ? even : odd;
        if ((quarter & 2) != 0) sin = -sin;
        if (((quarter + 1) & 2) != 0) cos = -cos;
    }

    // Rounded once.
    [MethodImpl(Inline)]
    private static double MultiplyAdd(double a, double b, double c)
    {
        CudaAsm.Emit("fma.rn.f64 %0, %1, %2, %3;", out double result, a, b, c);
        return result;
    }
}
