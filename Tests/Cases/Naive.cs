using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Cases;

/// <summary>An array of doubles for references: slow, plain, and nothing to do with the library's own arithmetic.
/// </summary>
public sealed record Naive(Shape Shape, double[] Values)
{
    public static Naive Of(Tensor tensor)
    {
        using var scope = Scope.Open();
        return new(tensor.Shape, tensor.Detach().To(DType.Float64).ToArray<double>());
    }

    /// <summary>Calculates every element from its index.</summary>
    public static Naive Build(Shape shape, Func<long[], double> element)
    {
        var values = new double[shape.Count];
        var index = new long[shape.Rank];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = element(index);
            for (var a = shape.Rank - 1; a >= 0 && ++index[a] == shape[a]; a--) index[a] = 0;
        }
        return new(shape, values);
    }

    /// <summary>An element by its index; an axis of length 1 is as long as one likes, and leading ones may be left out.
    /// </summary>
    public double At(params ReadOnlySpan<long> index)
    {
        long at = 0;
        var extra = index.Length - Shape.Rank;
        for (var i = 0; i < Shape.Rank; i++) at = at * Shape[i] + (Shape[i] == 1 ? 0 : index[extra + i]);
        return Values[at];
    }

    public Naive Map(Func<double, double> formula) => new(Shape, [.. Values.Select(formula)]);

    /// <summary>Two arrays, broadcast.</summary>
    public static Naive Zip(Naive a, Naive b, Func<double, double, double> formula) =>
        Build(Fit(a.Shape, b.Shape), i => formula(a.At(i), b.At(i)));

    /// <summary>All elements along some axes become one.</summary>
    public Naive Fold(int[] axes, bool keepDim, Func<List<double>, double> formula)
    {
        var gone = Enumerable.Range(0, Shape.Rank)
            .Select(i => axes.Length == 0 || axes.Contains(i) || axes.Contains(i - Shape.Rank)).ToArray();
        var kept = Shape.Of([.. Shape.ToArray().Select((n, i) => gone[i] ? 1 : n)]);
        var groups = new Dictionary<long, List<double>>();
        for (long i = 0; i < kept.Count; i++) groups[i] = [];
        Build(Shape, index =>
        {
            long at = 0;
            for (var a = 0; a < kept.Rank; a++) at = at * kept[a] + (gone[a] ? 0 : index[a]);
            groups[at].Add(At(index));
            return 0;
        });
        var shape = keepDim ? kept : Shape.Of([.. Shape.ToArray().Where((_, i) => !gone[i])]);
        return new(shape, [.. Enumerable.Range(0, (int)kept.Count).Select(i => formula(groups[i]))]);
    }

    private static Shape Fit(Shape a, Shape b)
    {
        var rank = Math.Max(a.Rank, b.Rank);
        var lengths = new long[rank];
        for (var i = 1; i <= rank; i++)
        {
            var (here, there) = (i <= a.Rank ? a[^i] : 1, i <= b.Rank ? b[^i] : 1);
            lengths[rank - i] = here == 1 ? there : here;
        }
        return Shape.Of(lengths);
    }
}
