using System.Runtime.Intrinsics;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Lanes;

/// <summary>The float functions against double precision, in units of the last place (ulp) of the true result.
/// </summary>
public sealed class LaneMathTests
{
    private static readonly float[] special =
    [
        0f, -0f, 1f, -1f, float.Epsilon, -float.Epsilon, 1e-40f, 1.17549435e-38f, float.MaxValue, float.MinValue,
        float.PositiveInfinity, float.NegativeInfinity, float.NaN, 88.72283f, 88.72284f, -87.33655f, -103.97f, -104f,
        0.625f, 0.92f, 3.95f, 1e-20f, -1e-20f,
    ];

    public sealed record Function(
        string Name, Func<FloatLane, float> Scalar, Func<NarrowLane, NarrowLane> Narrow, Func<WideLane, WideLane> Wide,
        Func<WidestLane, WidestLane> Widest, Func<double, double> True, float From, float To, double Ulps)
    {
        public override string ToString() => Name;
    }

    private static IEnumerable<Function> Functions() =>
    [
        new("exp", x => LaneMath.Exp(x), LaneMath.Exp, LaneMath.Exp, LaneMath.Exp, Math.Exp, -104, 88.722f, 1.1),
        new("exp flushed", x => LaneMath.ExpFlushed(x), LaneMath.ExpFlushed, LaneMath.ExpFlushed, LaneMath.ExpFlushed,
            Flushed, -87.6f, 88.3f, 1.1),
        new("log", x => LaneMath.Log(x), LaneMath.Log, LaneMath.Log, LaneMath.Log, Math.Log, 1e-30f, 1e30f, 1.1),
        new("log near 1", x => LaneMath.Log(x), LaneMath.Log, LaneMath.Log, LaneMath.Log, Math.Log, 0.5f, 2f, 1.1),
        new("tanh", x => LaneMath.Tanh(x), LaneMath.Tanh, LaneMath.Tanh, LaneMath.Tanh, Math.Tanh, -10, 10, 1.5),
        new("sigmoid", x => LaneMath.Sigmoid(x), LaneMath.Sigmoid, LaneMath.Sigmoid, LaneMath.Sigmoid,
            x => 1 / (1 + Math.Exp(-x)), -103, 40, 2.5),
        new("erf", x => LaneMath.Erf(x), LaneMath.Erf, LaneMath.Erf, LaneMath.Erf, ErrorFunction.Of, -5, 5,
            WidthChild.Fuses ? 1.2 : 1.25),
    ];

    private static double Flushed(double x) => Math.Round(x / Math.Log(2)) switch
    {
        < -126 => 0,
        > 127 => double.PositiveInfinity,
        _ => Math.Exp(x),
    };

    [AnyWidth]
    [TestCaseSource(nameof(Functions))]
    public void Is_within_its_ulps_of_the_true_value(Function function)
    {
        double worst = 0, at = 0;
        foreach (var x in Sweep(function.From, function.To))
        {
            var error = Math.Abs(function.Scalar(x) - function.True(x)) / Ulp(function.True(x));
            if (!(error <= worst)) (worst, at) = (error, x);
        }
        TestContext.Out.WriteLine($"{function}: {worst:0.000} ulp at {at:G9}");
        Assert.That(worst, Is.LessThanOrEqualTo(function.Ulps), $"at {at:G9}");
    }

    [AnyWidth]
    [TestCaseSource(nameof(Functions))]
    public void Scalar_and_vectors_agree_to_the_bit(Function function)
    {
        foreach (var x in Sweep(function.From, function.To).Concat(special).Chunk(8).Where(c => c.Length == 8))
        {
            var wide = function.Wide(Vector256.Create(x)).Value;
            var widest = function.Widest(Vector512.Create(Vector256.Create(x), Vector256.Create(x))).Value;
            Vector128<float> lower = function.Narrow(Vector128.Create(x));
            Vector128<float> upper = function.Narrow(Vector128.Create(x, 4));
            for (var i = 0; i < 8; i++)
            {
                var scalar = BitConverter.SingleToInt32Bits(function.Scalar(x[i]));
                Assert.That(BitConverter.SingleToInt32Bits(wide[i]), Is.EqualTo(scalar), $"wide at {x[i]:G9}");
                Assert.That(BitConverter.SingleToInt32Bits(widest[i]), Is.EqualTo(scalar), $"widest at {x[i]:G9}");
                Assert.That(BitConverter.SingleToInt32Bits(widest[i + 8]), Is.EqualTo(scalar), $"widest at {x[i]:G9}");
                Assert.That(BitConverter.SingleToInt32Bits(i < 4 ? lower[i] : upper[i - 4]), Is.EqualTo(scalar),
                    $"narrow at {x[i]:G9}");
            }
        }
    }

    [AnyWidth]
    [TestCaseSource(nameof(Functions))]
    public void Special_values_are_those_of_double_precision(Function function)
    {
        foreach (var x in special)
        {
            float expected = (float)function.True(x), found = function.Scalar(x);
            if (float.IsNaN(expected)) Assert.That(found, Is.NaN, $"at {x:G9}");
            else if (!float.IsFinite(expected) || expected == 0) Assert.That(found, Is.EqualTo(expected), $"at {x:G9}");
            else Assert.That(Math.Abs(found - function.True(x)),
                Is.LessThanOrEqualTo(function.Ulps * Ulp(function.True(x))), $"at {x:G9}");
        }
    }

    [TestCase(0.1, 0.1124629160182849)]
    [TestCase(0.5, 0.5204998778130465)]
    [TestCase(1, 0.8427007929497149)]
    [TestCase(2.5, 0.9995930479825550)]
    [TestCase(-3, -0.9999779095030014)]
    [TestCase(double.NegativeInfinity, -1)]
    [TestCase(0, 0)]
    public void Double_error_function_has_the_tabulated_values(double x, double expected) =>
        Assert.That(ErrorFunction.Of(x), Is.EqualTo(expected).Within(4e-16));

    // About 400,000 floats: evenly spaced ones and ones evenly spaced in exponent, of both signs where allowed.
    private static IEnumerable<float> Sweep(float from, float to)
    {
        const int n = 200_000;
        for (var i = 0; i <= n; i++) yield return from + ((float)i / n * (to - from));
        for (var i = 0; i < n; i++)
        {
            var x = (float)Math.Pow(10, -42 + (72.0 * i / n));
            if (x >= from && x <= to) yield return x;
            if (-x >= from && -x <= to) yield return -x;
        }
    }

    private static double Ulp(double value)
    {
        var magnitude = Math.Min(Math.Abs((float)value), float.MaxValue);
        return (double)MathF.BitIncrement(magnitude) - magnitude is var step && double.IsFinite(step)
            ? step
            : Math.Pow(2, 104);
    }
}
