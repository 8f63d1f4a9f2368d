using Diffract.Cases;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.OpTable;

/// <summary>Comparisons within a row's tolerance.</summary>
internal static class Compare
{
    public static void Elements(
        OpCase row, DType dtype, double[] found, double[] expected, bool onTensorCores = false)
    {
        var largest = Largest(expected);
        for (var i = 0; i < expected.Length; i++)
            if (!found[i].Equals(Stored(dtype, expected[i])))
                Close(found[i], expected[i], row.Tolerance(dtype, expected[i], largest, onTensorCores),
                    $"{dtype}, element {i}");
    }

    public static void Gradient(OpCase row, int input, double[]? found, double[]? expected)
    {
        Assert.That(found is null, Is.EqualTo(expected is null), $"gradient of input {input}");
        if (found is null || expected is null) return;
        // A gradient may add up as many numbers as the result has elements for each of the input's.
        var wide = row with
        {
            IsExact = false,
            Absolute = true,
            Roundings = 4 * Math.Max(4, row.Roundings),
            Terms = Math.Max(row.Terms, 64),
        };
        var largest = Largest(expected);
        for (var i = 0; i < expected.Length; i++)
            Close(found[i], expected[i], wide.Tolerance(DType.Float32, expected[i], largest),
                $"gradient of input {input}, element {i}");
    }

    // Beyond the range of a type the right answer is infinite.
    private static double Stored(DType dtype, double value) => dtype switch
    {
        DType.Float16 => (double)(Half)value,
        DType.Float32 => (float)value,
        _ => value,
    };

    private static double Largest(double[] values) =>
        values.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max();

    private static void Close(double found, double expected, double tolerance, string what)
    {
        if (found.Equals(expected) || Math.Abs(found - expected) <= tolerance) return;
        Assert.Fail($"{what}: found {found:g9}, expected {expected:g9}, off by {Math.Abs(found - expected):g3} where "
            + $"{tolerance:g3} is allowed");
    }
}
