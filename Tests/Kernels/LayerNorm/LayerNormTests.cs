using CsCheck;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

internal sealed class LayerNormTests
{
    [AnyWidth]
    [Test]
    public void Float32_agrees_with_float64() =>
        // From 3 columns on: two values normalise to -1 and 1, whatever they are, and the gradient is rounding alone.
        Gen.Select(Gen.Int[1, 20], Gen.Int[3, 80], Gen.Bool).Holds(100, c =>
        {
            var (rows, columns, bias) = c;
            OpCompare.Float32WithFloat64(t => t[0]!.LayerNorm(t[1]!, t[2], 1e-3f),
                Inputs(rows, columns, bias), 1e-5, 2e-5);
        });

    [TestCase(577, 1024)]
    [TestCase(3, 40000)]
    [TestCase(1, 16385)]
    [TestCase(600, 48)]
    public void Float32_agrees_with_float64_for_long_rows_and_many(int rows, int columns) =>
        OpCompare.Float32WithFloat64(t => t[0]!.LayerNorm(t[1]!, t[2]), Inputs(rows, columns, true));

    [AnyWidth]
    [Test]
    public void A_mean_far_from_zero_costs_no_accuracy()
    {
        var x = OpCompare.Normal([5, 999], 1, 1000, 1);
        OpCompare.Float32WithFloat64(t => t[0]!.LayerNorm(t[1]!, null), [x, Tensor.Ones([999])], 1e-4, 2e-4);
    }

    [Test]
    public void Backward_is_the_derivative([Values] bool bias)
    {
        Tensor[] inputs =
        [
            OpCompare.Normal([3, 2, 4], 1).To(DType.Float64), OpCompare.Normal([2, 4], 2).To(DType.Float64),
            OpCompare.Normal([2, 4], 3).To(DType.Float64),
        ];
        GradCheck.Run(x => x[0].LayerNorm(x[1], bias ? x[2] : null, 1e-2f), bias ? inputs : inputs[..2]);
    }

    [Test]
    public void Same_bits_for_any_number_of_threads([Values(50, 20001)] int columns) =>
        OpCompare.SameBitsForAnyThreads(t => t[0]!.LayerNorm(t[1]!, t[2]), Inputs(70000 / columns, columns, true));

    [Test]
    public void Nothing_outside_is_touched([Values(1, 8, 29, 16400)] int columns)
    {
        using var guard = new Guarded();
        const int rows = 3;
        using var statistics = Tensor.Empty([rows, 2], DType.Float64);
        var forward = new LayerNormArgs(guard.Input(OpCompare.Normal([rows, columns], 1)),
            guard.Input(OpCompare.Normal([columns], 2)), guard.Input(OpCompare.Normal([columns], 3)),
            guard.Output(rows * columns), statistics.View, rows, columns, 1e-5f);
        LayerNorm.Forward.Run(Device.Cpu, DType.Float32, forward);
        LayerNorm.Backward.Run(Device.Cpu, DType.Float32, new(forward,
            guard.Input(OpCompare.Normal([rows, columns], 4)), guard.Output(rows * columns),
            guard.Output(columns), guard.Output(columns)));
        guard.AssertUntouched();
    }

    [TestCase("ops/layer_norm_last")]
    [TestCase("ops/layer_norm_chw")]
    public void Agrees_with_PyTorch(string fixture) =>
        OpGolden.Check(fixture, (_, x) => x[0].LayerNorm(x[1], x[2]), false, "x", "gamma", "beta");

    [Test]
    public void Errors_say_what_does_not_fit()
    {
        var x = OpCompare.Normal([2, 5, 6], 1);
        Assert.That(() => x.LayerNorm(OpCompare.Normal([5], 1), null),
            Throws.TypeOf<ShapeException>().With.Message.Contains("input [2, 5, 6] are not the weight's, [5]"));
        Assert.That(() => x.LayerNorm(OpCompare.Normal([5, 6], 1), OpCompare.Normal([6], 1)),
            Throws.TypeOf<ShapeException>().With.Message.Contains("bias must be [5, 6], found [6]"));
    }

    private static Tensor?[] Inputs(int rows, int columns, bool bias) => [OpCompare.Normal([rows, columns], 1, 0.5, 2),
        OpCompare.Normal([columns], 2, 1, 0.2), bias ? OpCompare.Normal([columns], 3, 0, 0.2) : null];
}
