using System.Runtime.CompilerServices;
using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Cases;

/// <summary>Comparisons, and choices made with them.</summary>
public sealed class ComparisonCases : CaseFamily
{
    public override string Title => "Comparisons and choices";

    public override IEnumerable<OpCase> Rows() =>
    [
        .. Compare("equal", (a, b) => a.Equal(b), (a, b) => a == b),
        .. Compare("not_equal", (a, b) => a.NotEqual(b), (a, b) => a != b),
        .. Compare("less", (a, b) => a.Less(b), (a, b) => a < b),
        .. Compare("less_equal", (a, b) => a.LessEqual(b), (a, b) => a <= b),
        .. Compare("greater", (a, b) => a.Greater(b), (a, b) => a > b),
        .. Compare("greater_equal", (a, b) => a.GreaterEqual(b), (a, b) => a >= b),
        Where(Input.Mask(3, 5), Input.Normal(3, 5), Input.Normal(3, 5)),
        Where(Input.Mask(5), Input.Normal(3, 5), Input.Normal(3, 1)),
        Where(Input.Mask(2, 1, 4), Input.Normal(), Input.Normal(3, 1)),
        Where(Input.Mask(0), Input.Normal(0), Input.Normal(1)),
        Where(Input.Mask(70_001), Input.Normal(70_001), Input.Normal(70_001)) with { Large = true },
    ];

    // Small whole numbers, so that some are equal.
    private static IEnumerable<OpCase> Compare(string op, Func<Tensor, Tensor, Tensor> run,
        Func<double, double, bool> reference, [CallerArgumentExpression(nameof(run))] string call = "")
    {
        foreach (var dtype in new DType?[] { null, DType.Int64, DType.Int32, DType.UInt8, DType.Bool })
            foreach (var (a, b) in new (long[], long[])[] { ([], []), ([0], [1]), ([3, 9], [9]), ([40, 1, 3], [2, 1]) })
                yield return new(op, Calls.Short(call), x => run(x[0]!, x[1]!), Operand(a, dtype), Operand(b, dtype))
                {
                    Reference = x => Naive.Zip(x[0], x[1], (p, q) => reference(p, q) ? 1 : 0),
                    HasGradient = false,
                    IsExact = true,
                };

        Input Operand(long[] shape, DType? dtype) =>
            new(Shape.Of(shape), (r, _) => r.Next(dtype == DType.Bool ? 2 : 4), dtype);
    }

    private static OpCase Where(Input condition, Input a, Input b) =>
        new("where", "Tensor.Where(c, a, b)", x => Tensor.Where(x[0]!, x[1]!, x[2]!), condition, a, b)
        {
            Reference = x => Naive.Build(Naive.Zip(Naive.Zip(x[1], x[2], (p, _) => p), x[0], (p, _) => p).Shape,
                i => x[0].At(i) != 0 ? x[1].At(i) : x[2].At(i)),
            IsExact = true,
        };
}
