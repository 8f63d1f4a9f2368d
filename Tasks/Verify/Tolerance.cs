using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>How far a value may be from the stored one: |found - expected| &lt;= Absolute + Relative |expected|.
/// </summary>
internal readonly record struct Tolerance(double Absolute, double Relative)
{
    /// <summary>No difference at all.</summary>
    public static Tolerance Exact => default;

    public double Allowed(double expected) => Absolute + Relative * Math.Abs(expected);

    /// <summary>The rule of the golden folder's README. Integers are exact and bytes may differ by one level; numbers
    /// that were computed in both precisions carry their own tolerance; float64 tables are held to 1e-10; what is left
    /// gets the README's formula without the part that is not known, 5e-6 of the largest value.</summary>
    public static Tolerance Of(TensorSpec spec, Tensor expected, double floor)
    {
        if (expected.DType == DType.UInt8) return new Tolerance(1, 0);
        if (!expected.DType.IsFloating()) return Exact;
        if (spec.Atol is { } atol) return new Tolerance(Math.Max(atol, floor), spec.Rtol ?? 1e-4);
        if (spec.Rtol is { } rtol) return new Tolerance(floor, rtol);
        if (expected.DType == DType.Float64 && spec.SingleError is null) return new Tolerance(floor, 1e-10);
        var largest = spec.Largest ?? Largest(expected);
        var absolute = RoundUp(Math.Max(Math.Max(12 * (spec.SingleError ?? 0), 5e-6 * largest), 1e-9));
        return new Tolerance(Math.Max(absolute, floor), 1e-4);
    }

    /// <summary>The next number with a single significant digit.</summary>
    internal static double RoundUp(double value)
    {
        var unit = Math.Pow(10, Math.Floor(Math.Log10(value)));
        return Math.Ceiling(value / unit - 1e-9) * unit;
    }

    private static double Largest(Tensor expected)
    {
        var largest = 0.0;
        foreach (var value in Elements.Doubles(expected))
            if (double.IsFinite(value)) largest = Math.Max(largest, Math.Abs(value));
        return largest;
    }
}
