using System.Runtime.CompilerServices;
using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Cases;

/// <summary>Many numbers become one.</summary>
public sealed class ReductionCases : CaseFamily
{
    private static readonly (long[] Shape, int[] Axes)[] layouts =
    [
        ([], []), ([1], []), ([0], []), ([7], [0]), ([3, 0], [1]), ([5, 9], []), ([5, 9], [1]), ([5, 9], [0]),
        ([2, 3, 4, 5], [1, 2]), ([2, 3, 4, 5], [0, 2]), ([2, 3, 4, 5], [-1, 0, 1]), ([2, 70, 9], [1]),
        ([3, 1, 4], [1]), ([130, 3], [0]),
    ];

    private static readonly (long[] Shape, int[] Axes)[] large =
    [
        ([2, 130, 41], [1]), ([300_007], []), ([7, 40_011], [1]), ([4_001, 40], [0]), ([2, 1024, 96], [1]),
        ([8, 10, 8, 1000], [0, 2]),
    ];

    private static readonly (long[] Shape, int[] Axes)[] network =
        [([1, 256, 256, 64], []), ([1, 256, 256, 64], [1, 2]), ([65_536, 64], [1])];

    public override string Title => "Reductions";

    public override IEnumerable<OpCase> Rows() =>
    [
        .. Fold("sum", (x, axes) => x.Sum(axes), v => v.Sum()),
        .. Fold("mean", (x, axes) => x.Mean(axes), v => v.Sum() / v.Count, empty: false),
        .. Fold("var", (x, axes) => x.Var(axes, unbiased: false), v => Variance(v, 0), empty: false, spread: 1),
        .. Fold("norm2", (x, axes) => x.Norm2(axes), v => Math.Sqrt(v.Sum(e => e * e)), empty: false),
        new("var", "x.Var(axes)", x => x[0]!.Var([0, 2]), Input.Normal(4, 3, 5))
            { Reference = x => x[0].Fold([0, 2], false, v => Variance(v, 1)), Absolute = true },
        new("sum", "x.Sum(axes, keepDim: true)", x => x[0]!.Sum([1], keepDim: true), Input.Normal(4, 3, 5))
            { Reference = x => x[0].Fold([1], true, v => v.Sum()), Absolute = true },
        Truth("sum", x => x.Sum([0]), v => v.Sum(), DType.Int64, 100),
        Truth("sum", x => x.Sum(), v => v.Sum(), DType.UInt8, 200),
        Truth("sum", x => x.Sum([1]), v => v.Sum(), DType.Bool, 2),
        Truth("all", x => x.All([1]), v => v.All(e => e != 0) ? 1 : 0, DType.Bool, 2),
        Truth("any", x => x.Any([1]), v => v.Any(e => e != 0) ? 1 : 0, DType.Bool, 2),
    ];

    private static double Variance(List<double> values, int less)
    {
        var mean = values.Sum() / values.Count;
        return values.Sum(v => (v - mean) * (v - mean)) / (values.Count - less);
    }

    // Inputs have a mean, so that a sum is not mostly cancellation.
    private static IEnumerable<OpCase> Fold(string op, Func<Tensor, int[], Tensor> run,
        Func<List<double>, double> reference, bool empty = true, double spread = 0,
        [CallerArgumentExpression(nameof(run))] string call = "")
    {
        foreach (var (shape, axes) in layouts.Concat(large).Concat(network))
        {
            var count = Shape.Of(shape).Count;
            if (count == 0 && !empty) continue;
            yield return new(op, Calls.Short(call), x => run(x[0]!, axes), Input.Uniform(-spread, 1, shape))
            {
                Reference = x => x[0].Fold(axes, false, reference),
                // Sums are made in double precision, however long they are.
                Absolute = true,
                Flops = count,
                Large = large.Contains((shape, axes)),
                Network = network.Contains((shape, axes)),
            };
        }
    }

    private static OpCase Truth(string op, Func<Tensor, Tensor> run, Func<List<double>, double> reference, DType dtype,
        int below, [CallerArgumentExpression(nameof(run))] string call = "") =>
        new(op, Calls.Short(call), x => run(x[0]!), new Input([6, 5], (r, _) => r.Next(below), dtype))
        {
            Reference = x => x[0].Fold(call.Contains("[0]", StringComparison.Ordinal) ? [0]
                : call.Contains("[1]", StringComparison.Ordinal) ? [1] : [], false, reference),
            HasGradient = false,
            IsExact = true,
            DTypes = [DType.Float32],
        };
}
