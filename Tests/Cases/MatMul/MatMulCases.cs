using Diffract.Autograd;

namespace Diffract.Cases;

/// <summary>Products of matrices.</summary>
public sealed class MatMulCases : CaseFamily
{
    public override string Title => "Matrices";

    public override IEnumerable<OpCase> Rows() =>
    [
        MatMul([1, 1], [1, 1]), MatMul([3, 5], [5, 7]), MatMul([2, 3, 5], [2, 5, 7]), MatMul([2, 3, 4, 5], [5, 6]),
        MatMul([3, 0], [0, 2]), MatMul([130, 70], [70, 90]) with { Large = true },
        new("matmul", "a.MatMul(b, transposeA, transposeB)", x => x[0]!.MatMul(x[1]!, true, true),
            Input.Normal(5, 3), Input.Normal(4, 5)) { Terms = 5 },
        Linear(7, 5, true, 3), Linear(1, 1, false, 1), Linear(19, 33, true, 2, 3),
        Linear(256, 130, true, 70) with { Large = true },
    ];

    private static OpCase MatMul(long[] a, long[] b) =>
        new("matmul", "a.MatMul(b)", x => x[0]!.MatMul(x[1]!), Input.Normal(a), Input.Normal(b))
        {
            Terms = Math.Max(1, a[^1]),
            Flops = 2.0 * a.Aggregate(1L, (n, l) => n * l) * b[^1],
        };

    private static OpCase Linear(long features, long outputs, bool bias, params long[] rows) =>
        new("linear", "x.Linear(weight, bias)", x => x[0]!.Linear(x[1]!, x[2]), Input.Normal([.. rows, features]),
            Input.Normal(outputs, features), bias ? Input.Normal(outputs) : null)
        {
            Terms = features,
            Flops = 2.0 * rows.Aggregate(1L, (n, l) => n * l) * features * outputs,
        };
}
