using System.Runtime.CompilerServices;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Cases;

/// <summary>Formulas of one number: one line an operation.</summary>
public sealed class PointwiseCases : CaseFamily
{
    private static readonly long[][] shapes = [[], [0], [1], [7], [3, 0, 2], [3, 5], [2, 3, 4, 5], [33, 17]];

    public override string Title => "One number";

    public override IEnumerable<OpCase> Rows() =>
    [
        .. Unary("silu", x => x.Silu(), x => x / (1 + Math.Exp(-x)), flops: 20),
        .. Unary("gelu", x => x.Gelu(),
            x => 0.5 * x * (1 + ErrorFunction.Of(x / Math.Sqrt(2))), flops: 30, absolute: true),
        .. Unary("gelu_tanh", x => x.GeluTanh(),
            x => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
            flops: 25, absolute: true),
        .. Unary("relu", x => x.Relu(), x => Math.Max(x, 0), kinks: [0], exact: true),
        .. Unary("sigmoid", x => x.Sigmoid(), x => 1 / (1 + Math.Exp(-x)), flops: 18),
        .. Unary("tanh", x => x.Tanh(), Math.Tanh, flops: 25),
        .. Unary("exp", x => x.Exp(), Math.Exp, flops: 15),
        .. Unary("log", x => x.Log(), Math.Log, low: 0.1, high: 5, flops: 20),
        .. Unary("sqrt", x => x.Sqrt(), Math.Sqrt, low: 0.1, high: 5),
        .. Unary("abs", x => x.Abs(), Math.Abs, kinks: [0], exact: true),
        .. Unary("neg", x => x.Neg(), x => -x, exact: true),
        .. Unary("pow", x => x.Pow(2), x => x * x),
        .. Unary("pow", x => x.Pow(3), x => x * x * x),
        .. Unary("pow", x => x.Pow(-0.5), x => 1 / Math.Sqrt(x), low: 0.1, high: 5),
        .. Unary("pow", x => x.Pow(1.7), x => Math.Pow(x, 1.7), low: 0.1, high: 5, flops: 100),
        .. Unary("clamp", x => x.Clamp(-0.5, 1), x => Math.Clamp(x, -0.5, 1), kinks: [-0.5, 1], exact: true),
    ];

    /// <summary>The standard shapes of a formula of one number.</summary>
    /// <param name="op">The operation's name.</param>
    /// <param name="run">The operation.</param>
    /// <param name="reference">The formula in double precision.</param>
    /// <param name="low">Least input; standard normal ones when low and high are left out.</param>
    /// <param name="high">Largest input.</param>
    /// <param name="kinks">Where it has no derivative.</param>
    /// <param name="flops">Operations an element.</param>
    /// <param name="absolute">Errors are relative to the largest result.</param>
    /// <param name="exact">Nothing is rounded.</param>
    /// <param name="call">Filled in by the compiler.</param>
    public static IEnumerable<OpCase> Unary(string op, Func<Tensor, Tensor> run, Func<double, double> reference,
        double low = 0, double high = 0, double[]? kinks = null, double flops = 1, bool absolute = false,
        bool exact = false,
        [CallerArgumentExpression(nameof(run))] string call = "")
    {
        foreach (var shape in shapes.Append([70_001]).Append([1, 256, 256, 64]))
            yield return new(op, Calls.Short(call), x => run(x[0]!), Input(low, high, kinks ?? [], shape))
            {
                Reference = x => x[0].Map(reference),
                Flops = flops * Shape.Of(shape).Count,
                Absolute = absolute,
                IsExact = exact,
                Large = shape is [70_001],
                Network = shape is [1, 256, 256, 64],
            };
    }

    private static Input Input(double low, double high, double[] kinks, long[] shape) =>
        low < high ? Cases.Input.Uniform(low, high, shape) : Cases.Input.AwayFrom(kinks, shape);
}
