namespace Diffract.Kernels;

/// <summary>The error function in double precision, which .NET lacks: the reference of <see cref="LaneMath.Erf"/>.
/// </summary>
public static class ErrorFunction
{
    private const int SeriesTerms = 80;
    private const int FractionTerms = 80;
    private const double SeriesUpTo = 2.5;
    private static readonly double sqrtPi = Math.Sqrt(Math.PI);

    /// <summary>erf(x) to about 1e-15; ±1 at ±∞.</summary>
    public static double Of(double x)
    {
        if (double.IsNaN(x)) return x;
        var magnitude = Math.Abs(x);
        var value = magnitude < SeriesUpTo ? Series(magnitude) : 1 - Tail(magnitude);
        return Math.CopySign(value, x);
    }

    /// <summary>The derivative, 2/√π exp(-x²).</summary>
    public static double Slope(double x) => 2 / sqrtPi * Math.Exp(-x * x);

    // erf x = 2/√π exp(-x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!: all terms have one sign, so nothing cancels
    // (Abramowitz and Stegun 7.1.6).
    private static double Series(double x)
    {
        double term = x, sum = x;
        for (var n = 1; n < SeriesTerms && term > sum * 1e-18; n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }
        return Slope(x) * sum;
    }

    // 1 - erf x = exp(-x²)/√π · 1/(x + ½/(x + 1/(x + 3/2/(x + …)))), summed from the far end (A&S 7.1.14).
    private static double Tail(double x)
    {
        var fraction = x;
        for (var n = FractionTerms; n > 0; n--) fraction = x + (n / 2.0 / fraction);
        return Math.Exp(-x * x) / (sqrtPi * fraction);
    }
}
