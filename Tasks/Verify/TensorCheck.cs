using System.Globalization;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>One tensor of a case, compared with the stored one.</summary>
/// <param name="Tensor">Its name in the fixture.</param>
/// <param name="Share">The worst error as a share of its tolerance: at most 1 passes. Infinite when nothing could be
/// compared, or when an exact value differs.</param>
/// <param name="Problem">What differs, and where; null when the check passes.</param>
public sealed record TensorCheck(string Tensor, double Share, string? Problem)
{
    /// <summary>True when every element is within its tolerance.</summary>
    public bool Passed => Problem is null;

    internal static TensorCheck Failed(string tensor, string problem) => new(tensor, double.PositiveInfinity, problem);

    /// <summary>Compares element by element. NaN equals NaN and an infinity itself.</summary>
    internal static TensorCheck Compare(string name, Tensor expected, Tensor found, Tolerance tolerance)
    {
        if (found.Shape != expected.Shape)
            return Failed(name, $"{name}: expected the shape {expected.Shape}, found {found.Shape}");
        if (found.DType.IsFloating() != expected.DType.IsFloating())
            return Failed(name, $"{name}: expected {expected.DType} elements, found {found.DType}");
        return expected.DType.IsFloating()
            ? Compare(name, expected.Shape, Elements.Doubles(expected), Elements.Doubles(found), tolerance)
            : Compare(name, expected.Shape, Elements.Integers(expected), Elements.Integers(found), tolerance);
    }

    private static TensorCheck Compare(string name, Shape shape, double[] expected, double[] found, Tolerance tolerance)
    {
        var (worst, at, outside) = (0.0, -1, 0);
        for (var i = 0; i < expected.Length; i++)
        {
            var share = ShareOf(expected[i], found[i], tolerance);
            if (share > 1) outside++;
            if (share > worst) (worst, at) = (share, i);
        }
        if (outside == 0) return new TensorCheck(name, worst, null);
        var problem = $"{name}{Index(shape, at)}: expected {Digits(expected[at])}, found {Digits(found[at])}, error "
            + $"{Short(Math.Abs(found[at] - expected[at]))}, allowed {Short(tolerance.Allowed(expected[at]))}";
        return new TensorCheck(name, worst, problem + Others(outside, expected.Length));
    }

    private static TensorCheck Compare(string name, Shape shape, long[] expected, long[] found, Tolerance tolerance)
    {
        var (worst, at, outside) = (0.0, -1, 0);
        for (var i = 0; i < expected.Length; i++)
        {
            var error = Math.Abs((double)expected[i] - found[i]);
            var share = expected[i] == found[i] ? 0 : tolerance.Absolute > 0 ? error / tolerance.Absolute
                : double.PositiveInfinity;
            if (share > 1) outside++;
            if (share > worst) (worst, at) = (share, i);
        }
        if (outside == 0) return new TensorCheck(name, worst, null);
        return new TensorCheck(name, worst, $"{name}{Index(shape, at)}: expected {expected[at]}, found {found[at]}"
            + Others(outside, expected.Length));
    }

    private static double ShareOf(double expected, double found, Tolerance tolerance)
    {
        if (found.Equals(expected)) return 0;
        if (!double.IsFinite(found) || !double.IsFinite(expected)) return double.PositiveInfinity;
        var error = Math.Abs(found - expected);
        var allowed = tolerance.Allowed(expected);
        return error == 0 ? 0 : allowed > 0 ? error / allowed : double.PositiveInfinity;
    }

    private static string Index(Shape shape, long at)
    {
        var index = new long[shape.Rank];
        for (var axis = shape.Rank - 1; axis >= 0; axis--) (at, index[axis]) = Math.DivRem(at, shape[axis]);
        return index.Length == 0 ? "" : $"[{string.Join(", ", index)}]";
    }

    private static string Others(int outside, int count) =>
        outside > 1 ? $" ({outside} of {count} elements differ)" : "";

    private static string Digits(double value) => value.ToString("g9", CultureInfo.InvariantCulture);

    private static string Short(double value) => value.ToString("g2", CultureInfo.InvariantCulture);
}
