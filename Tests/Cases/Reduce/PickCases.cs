using System.Runtime.CompilerServices;
using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Cases;

/// <summary>The largest, the smallest, and where they are.</summary>
public sealed class PickCases : CaseFamily
{
    private static readonly (long[] Shape, int Axis)[] layouts =
        [([1], 0), ([9], 0), ([5, 9], 1), ([5, 9], 0), ([2, 3, 4], 1), ([0, 3], 1), ([3, 300], 0), ([3, 41_000], 1)];

    public override string Title => "Picking along an axis";

    public override IEnumerable<OpCase> Rows() =>
    [
        .. Pick("max", (x, axis) => x.Max(axis), v => v.Max()),
        .. Pick("min", (x, axis) => x.Min(axis), v => v.Min()),
        .. Pick("argmax", (x, axis) => x.ArgMax(axis), v => v.IndexOf(v.Max()), gradient: false),
        .. Pick("argmin", (x, axis) => x.ArgMin(axis), v => v.IndexOf(v.Min()), gradient: false),
        .. TopK([9], 0, 3), .. TopK([4, 7], 1, 7), .. TopK([7, 4], 0, 2), .. TopK([2, 6, 3], 1, 4),
        .. TopK([3, 5], 1, 0), .. TopK([3, 41_000], 1, 5),
    ];

    private static IEnumerable<OpCase> Pick(string op, Func<Tensor, int, Tensor> run,
        Func<List<double>, double> reference, bool gradient = true,
        [CallerArgumentExpression(nameof(run))] string call = "")
    {
        foreach (var (shape, axis) in layouts)
            yield return new(op, Calls.Short(call), x => run(x[0]!, axis), Input.Distinct(shape))
            {
                Reference = x => x[0].Fold([axis], false, reference),
                HasGradient = gradient,
                IsExact = true,
                Flops = Shape.Of(shape).Count,
                Large = Shape.Of(shape).Count > 50_000,
                DTypes = [DType.Float32, DType.Float64],
            };
    }

    private static IEnumerable<OpCase> TopK(long[] shape, int axis, int k)
    {
        var row = new OpCase(
            "top_k", "x.TopK(k, axis).Values", x => TopK(x[0]!, axis, k, values: true), Input.Distinct(shape))
        {
            Reference = x => Best(x[0], axis, k, (value, _) => value),
            IsExact = true,
            Flops = Shape.Of(shape).Count,
            Large = Shape.Of(shape).Count > 50_000,
            DTypes = [DType.Float32, DType.Float64],
        };
        yield return row;
        yield return row with
        {
            Call = "x.TopK(k, axis).Indices",
            Run = x => TopK(x[0]!, axis, k, values: false),
            Reference = x => Best(x[0], axis, k, (_, place) => place),
            HasGradient = false,
        };
    }

    private static Tensor TopK(Tensor x, int axis, int k, bool values)
    {
        using var scope = Scope.Open();
        var (largest, places) = x.TopK(k, axis);
        return scope.Keep(values ? largest : places);
    }

    private static Naive Best(Naive x, int axis, int k, Func<double, int, double> choose) =>
        Naive.Build(x.Shape.With(axis, k), index =>
        {
            var at = (long[])index.Clone();
            var line = new List<(double Value, int Place)>();
            for (var i = 0; i < x.Shape[axis]; i++)
            {
                at[axis] = i;
                line.Add((x.At(at), i));
            }
            var (value, place) = line.OrderByDescending(e => e.Value).ThenBy(e => e.Place).ElementAt((int)index[axis]);
            return choose(value, place);
        });
}
