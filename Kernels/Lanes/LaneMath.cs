using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The transcendental functions of float lanes, each once for the scalar and the vector. Largest errors, in
/// units of the last place, are asserted by the tests: about 1 for <c>Exp</c>, <c>Log</c> and <c>Erf</c> (1.25 without
/// fused multiply-add), 1.5 for <c>Tanh</c>, 2.5 for <c>Sigmoid</c>. Infinities, NaN and subnormal numbers are handled.
/// </summary>
/// <remarks>The polynomials are minimax fits (Remez exchange, weighted for relative error, coefficients rounded to
/// float one after the other, the later ones fitted again after each rounding).</remarks>
public static class LaneMath
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    // ln 2 in two parts: the first has zeros at its end, so that its product with an exponent is exact.
    private const double Ln2High = 0.693359375;
    private const double Ln2Low = -2.12194440054690583e-4;

    /// <summary>e to the power of <paramref name="x"/>; subnormal results are rounded once.</summary>
    [MethodImpl(Inline)]
    public static T Exp<T>(T x) where T : unmanaged, IFloatLane<T>
    {
        var p = ReducedExp(T.AtLeast(T.Of(-105), T.AtMost(T.Of(89), x)), out var n);

        // Two factors, because 2ⁿ alone is no float at either end of the range.
        var half = T.Round(n * T.Of(0.5));
        return p * T.PowerOfTwo(half) * T.PowerOfTwo(n - half);
    }

    /// <summary>The same with one factor, a third cheaper, for weights and sums that a term below 2⁻¹²⁶ does not
    /// change: 0 below -87.7, ∞ above 88.3.</summary>
    [MethodImpl(Inline)]
    public static T ExpFlushed<T>(T x) where T : unmanaged, IFloatLane<T>
    {
        var p = ReducedExp(T.AtLeast(T.Of(-88), T.AtMost(T.Of(88.8), x)), out var n);
        return p * T.PowerOfTwo(n);
    }

    // x = n ln 2 + r with |r| ≤ ½ ln 2 (Cody and Waite); returns eʳ.
    [MethodImpl(Inline)]
    private static T ReducedExp<T>(T x, out T n) where T : unmanaged, IFloatLane<T>
    {
        n = T.Round(x * T.Of(1.4426950408889634));
        var r = T.MultiplyAdd(n, T.Of(-Ln2High), x);
        r = T.MultiplyAdd(n, T.Of(-Ln2Low), r);

        var p = T.MultiplyAdd(r, T.Of(0.00138380029f), T.Of(0.00836916547f));
        p = T.MultiplyAdd(r, p, T.Of(0.0416681021f));
        p = T.MultiplyAdd(r, p, T.Of(0.166665167f));
        p = T.MultiplyAdd(r, p, T.Of(0.49999994f));
        return T.MultiplyAdd(r * r, p, r) + T.Of(1);
    }

    /// <summary>The natural logarithm; -∞ at 0, NaN below.</summary>
    [MethodImpl(Inline)]
    public static T Log<T>(T x) where T : unmanaged, IFloatLane<T>
    {
        var tiny = T.Of(1.17549435e-38);
        var m = T.Split(T.IfLess(x, tiny, x * T.Of(8388608), x), out var e);
        e -= T.IfLess(x, tiny, T.Of(23), T.Of(0));

        // With f = m - 1 and s = f/(2+f): log m = 2 artanh s = 2s + s·R(s²) = f - (½f² - s·(½f² + R)), a form that
        // leaves the leading f exact.
        var f = m - T.Of(1);
        var s = f / (f + T.Of(2));
        var z = s * s;
        var r = T.MultiplyAdd(z, T.Of(0.242788568f), T.Of(0.284987926f));
        r = T.MultiplyAdd(z, r, T.Of(0.400009722f));
        r = T.MultiplyAdd(z, r, T.Of(0.666666627f)) * z;
        var square = f * f * T.Of(0.5);
        var low = T.MultiplyAdd(s, square + r, e * T.Of(Ln2Low));
        var y = T.MultiplyAdd(e, T.Of(Ln2High), f - (square - low));

        // ∞ and NaN are their own logarithms; less than the least float means 0 or negative.
        y = T.IfLess(x, T.Of(double.PositiveInfinity), y, x);
        var outside = T.IfLess(x, T.Of(0), T.Of(double.NaN), T.Of(double.NegativeInfinity));
        return T.IfLess(x, T.Of(1.401298464324817e-45), outside, y);
    }

    /// <summary>The hyperbolic tangent.</summary>
    [MethodImpl(Inline)]
    public static T Tanh<T>(T x) where T : unmanaged, IFloatLane<T>
    {
        var z = x * x;
        var p = T.MultiplyAdd(z, T.Of(-0.00569244195f), T.Of(0.0206282176f));
        p = T.MultiplyAdd(z, p, T.Of(-0.0537365153f));
        p = T.MultiplyAdd(z, p, T.Of(0.133314058f));
        p = T.MultiplyAdd(z, p, T.Of(-0.333332807f));
        var near = T.MultiplyAdd(x * z, p, x);

        // 1 - 2/(e²ˣ+1) cancels near 0, where the polynomial is used.
        var magnitude = T.Abs(x);
        var far = T.Of(1) - (T.Of(2) / (Exp(magnitude + magnitude) + T.Of(1)));
        return T.IfLess(magnitude, T.Of(0.625), near, T.CopySign(far, x));
    }

    /// <summary>1/(1+e⁻ˣ), without overflow and with full relative accuracy at both ends.</summary>
    [MethodImpl(Inline)]
    public static T Sigmoid<T>(T x) where T : unmanaged, ILane<T>
    {
        var e = T.Exp(T.IfLess(x, T.Of(0), x, -x));
        return T.IfLess(x, T.Of(0), e, T.Of(1)) / (T.Of(1) + e);
    }

    /// <summary>The error function, 2/√π ∫₀ˣ exp(-t²) dt.</summary>
    [MethodImpl(Inline)]
    public static T Erf<T>(T x) where T : unmanaged, IFloatLane<T>
    {
        var z = x * x;
        var p = T.MultiplyAdd(z, T.Of(7.99692352e-05f), T.Of(-0.000804982614f));
        p = T.MultiplyAdd(z, p, T.Of(0.0051924088f));
        p = T.MultiplyAdd(z, p, T.Of(-0.0268557314f));
        p = T.MultiplyAdd(z, p, T.Of(0.112836257f));
        p = T.MultiplyAdd(z, p, T.Of(-0.376126289f));
        p = T.MultiplyAdd(z, p, T.Of(0.128379166f));
        var near = T.MultiplyAdd(x, p, x);

        // Beyond 0.92: 1 - exp(-q(|x|)) with q = -log(1 - erf); from 3.95 on that rounds to 1.
        var magnitude = T.AtMost(T.Of(3.95), T.Abs(x));
        var q = T.MultiplyAdd(magnitude, T.Of(-0.000194939785f), T.Of(0.00303366221f));
        q = T.MultiplyAdd(magnitude, q, T.Of(-0.022189714f));
        q = T.MultiplyAdd(magnitude, q, T.Of(0.103856303f));
        q = T.MultiplyAdd(magnitude, q, T.Of(0.637265801f));
        q = T.MultiplyAdd(magnitude, q, T.Of(1.12762737f));
        q = T.MultiplyAdd(magnitude, q, T.Of(0.000207018864f));
        var far = T.CopySign(T.Of(1) - Exp(-q), x);
        return T.IfLess(magnitude, T.Of(0.92), near, far);
    }

    /// <summary>Sine and cosine of 2πu for u in [0, 1], a full turn being 1.</summary>
    [MethodImpl(Inline)]
    public static (T Sin, T Cos) SinCosTurns<T>(T u) where T : unmanaged, IFloatLane<T>
    {
        var q = T.Round(u * T.Of(4));
        var r = T.MultiplyAdd(u, T.Of(4), -q) * T.Of(Math.PI / 2);
        var z = r * r;
        var p = T.MultiplyAdd(z, T.Of(-0.000195186047f), T.Of(0.00833219104f));
        var sin = T.MultiplyAdd(r * z, T.MultiplyAdd(z, p, T.Of(-0.166666552f)), r);
        p = T.MultiplyAdd(z, T.Of(2.44306702e-05f), T.Of(-0.00138873013f));
        p = T.MultiplyAdd(z, p, T.Of(0.0416666456f));
        var cos = T.MultiplyAdd(z, T.MultiplyAdd(z, p, T.Of(-0.5)), T.Of(1));

        // Each of the q quarter turns sends (cos, sin) to (-sin, cos).
        var odd = T.Abs(T.Abs(q - T.Of(2)) - T.Of(1));
        var first = T.IfLess(odd, T.Of(0.5), sin, cos);
        var second = T.IfLess(odd, T.Of(0.5), cos, sin);
        return (T.IfLess(T.Abs(q - T.Of(2.5)), T.Of(1), -second, second),
            T.IfLess(T.Abs(q - T.Of(1.5)), T.Of(1), -first, first));
    }
}
