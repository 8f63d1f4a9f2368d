using System.Runtime.CompilerServices;
using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Cases;

/// <summary>Formulas of two numbers, with every way of broadcasting.</summary>
public sealed class ArithmeticCases : CaseFamily
{
    private static readonly (long[] A, long[] B)[] shapes =
    [
        ([], []), ([1], [1]), ([0], [1]), ([9], [9]), ([3, 5], [3, 5]), ([2, 3, 11], [11]), ([4, 3], []), ([], [4, 3]),
        ([3, 1], [1, 9]), ([2, 1, 1, 5], [2, 3, 4, 5]), ([2, 3, 4, 1], [2, 3, 4, 9]), ([7], [2, 3, 7]),
        ([2, 3, 0], [3, 1]), ([2, 1, 3, 1, 4], [1, 5, 3, 2, 1]),
    ];

    private static readonly (long[] A, long[] B)[] large = [([64, 33, 33], [33]), ([70_001], [70_001])];

    private static readonly (long[] A, long[] B)[] network =
        [([1, 256, 256, 64], [1, 256, 256, 64]), ([1, 256, 256, 64], [64]), ([4, 128, 128, 64], [4, 1, 1, 64])];

    public override string Title => "Two numbers";

    public override IEnumerable<OpCase> Rows() =>
    [
        .. Binary("add", (a, b) => a + b, (a, b) => a + b),
        .. Binary("sub", (a, b) => a - b, (a, b) => a - b),
        .. Binary("mul", (a, b) => a * b, (a, b) => a * b),
        .. Binary("div", (a, b) => a / b, (a, b) => a / b, positive: true),
        .. Binary("maximum", (a, b) => a.Maximum(b), Math.Max),
        .. Binary("minimum", (a, b) => a.Minimum(b), Math.Min),
        .. PointwiseCases.Unary("add", x => x + 2.5, x => x + 2.5),
        .. PointwiseCases.Unary("add", x => 2.5 + x, x => 2.5 + x),
        .. PointwiseCases.Unary("sub", x => x - 2.5, x => x - 2.5),
        .. PointwiseCases.Unary("sub", x => 2.5 - x, x => 2.5 - x),
        .. PointwiseCases.Unary("mul", x => x * 2.5, x => x * 2.5),
        .. PointwiseCases.Unary("mul", x => 2.5 * x, x => 2.5 * x),
        .. PointwiseCases.Unary("div", x => x / 2.5, x => x / 2.5),
        .. PointwiseCases.Unary("div", x => 2.5 / x, x => 2.5 / x, low: 0.5, high: 3),
        .. PointwiseCases.Unary("maximum", x => x.Maximum(0.5), x => Math.Max(x, 0.5), kinks: [0.5], exact: true),
        .. PointwiseCases.Unary("minimum", x => x.Minimum(0.5), x => Math.Min(x, 0.5), kinks: [0.5], exact: true),
        .. Whole("add", (a, b) => a + b, (a, b) => a + b),
        .. Whole("sub", (a, b) => a - b, (a, b) => a - b),
        .. Whole("mul", (a, b) => a * b, (a, b) => a * b),
        .. Whole("maximum", (a, b) => a.Maximum(b), Math.Max),
        .. Whole("minimum", (a, b) => a.Minimum(b), Math.Min),
        .. Whole("and", (a, b) => a & b, (a, b) => (long)a & (long)b),
        .. Whole("or", (a, b) => a | b, (a, b) => (long)a | (long)b),
        .. Whole("xor", (a, b) => a ^ b, (a, b) => (long)a ^ (long)b),
        .. Logic("and", (a, b) => a & b, (a, b) => a * b),
        .. Logic("or", (a, b) => a | b, Math.Max),
        .. Logic("xor", (a, b) => a ^ b, (a, b) => a == b ? 0 : 1),
    ];

    /// <summary>The standard pairs of shapes of a formula of two numbers.</summary>
    public static IEnumerable<OpCase> Binary(string op, Func<Tensor, Tensor, Tensor> run,
        Func<double, double, double> reference, bool positive = false,
        [CallerArgumentExpression(nameof(run))] string call = "")
    {
        foreach (var (a, b) in shapes.Concat(large).Concat(network))
            yield return new(op, Calls.Short(call), x => run(x[0]!, x[1]!), Operand(a), Operand(b))
            {
                Reference = x => Naive.Zip(x[0], x[1], reference),
                Flops = Math.Max(Shape.Of(a).Count, Shape.Of(b).Count),
                Large = large.Contains((a, b)),
                Network = network.Contains((a, b)),
                IsExact = op is "maximum" or "minimum",
            };

        Input Operand(long[] shape) => positive ? Input.Uniform(0.5, 3, shape) : Input.Normal(shape);
    }

    private static IEnumerable<OpCase> Whole(string op, Func<Tensor, Tensor, Tensor> run,
        Func<double, double, double> reference, [CallerArgumentExpression(nameof(run))] string call = "") =>
        Integers([DType.Int64, DType.Int32], op, run, reference, Calls.Short(call), below: 50);

    private static IEnumerable<OpCase> Logic(string op, Func<Tensor, Tensor, Tensor> run,
        Func<double, double, double> reference, [CallerArgumentExpression(nameof(run))] string call = "") =>
        Integers([DType.Bool], op, run, reference, Calls.Short(call), below: 2);

    private static IEnumerable<OpCase> Integers(DType[] dtypes, string op, Func<Tensor, Tensor, Tensor> run,
        Func<double, double, double> reference, string call, int below)
    {
        foreach (var dtype in dtypes)
            foreach (var (a, b) in shapes.Take(10))
                yield return new(op, call, x => run(x[0]!, x[1]!), Operand(a, dtype), Operand(b, dtype))
                {
                    Reference = x => Naive.Zip(x[0], x[1], reference),
                    HasGradient = false,
                    IsExact = true,
                    DTypes = [DType.Float32],
                };

        Input Operand(long[] shape, DType dtype) => new(Shape.Of(shape), (r, _) => r.Next(below), dtype);
    }
}
