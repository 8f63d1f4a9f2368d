using CsCheck;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

internal sealed class LinearTests
{
    [AnyWidth]
    [Test]
    public void Float32_agrees_with_float64() =>
        Gen.Select(Gen.Int[0, 40], Gen.Int[1, 3], Gen.Int[1, 70], Gen.Int[1, 70], Gen.Bool).Holds(60, c =>
        {
            var (rows, tokens, inputs, outputs, bias) = c;
            OpCompare.Float32WithFloat64(x => x[0]!.Linear(x[1]!, x[2]), [
                OpCompare.Normal([rows, tokens, inputs], 1), OpCompare.Normal([outputs, inputs], 2),
                bias ? OpCompare.Normal([outputs], 3) : null,
            ]);
        });

    [Test]
    public void Backward_is_the_derivative([Values] bool bias) => GradCheck.Run(
        x => x[0].Linear(x[1], bias ? x[2] : null), [
            OpCompare.Normal([2, 3, 4], 1).To(DType.Float64), OpCompare.Normal([5, 4], 2).To(DType.Float64),
            .. bias ? [OpCompare.Normal([5], 3).To(DType.Float64)] : Array.Empty<Tensor>(),
        ]);

    [Test]
    public void Agrees_with_PyTorch() =>
        OpGolden.Check("ops/linear", (_, x) => x[0].Linear(x[1], x[2]), false, "x", "w", "b");

    [Test]
    public void A_vector_is_one_row()
    {
        var y = OpCompare.Normal([4], 1).Linear(OpCompare.Normal([5, 4], 2));
        Assert.That(y.Shape, Is.EqualTo(Shape.Of(5)));
    }

    [Test]
    public void Only_wanted_gradients_are_calculated()
    {
        var (x, weight) = (OpCompare.Normal([3, 4], 1), OpCompare.Normal([5, 4], 2));
        weight.RequiresGrad = true;
        x.Linear(weight).Backward(OpCompare.Normal([3, 5], 3));
        Assert.That(weight.Grad, Is.Not.Null);
        Assert.That(x.Grad, Is.Null);
    }

    [AnyWidth]
    [TestCase(1, 3)]
    [TestCase(1025, 3)]
    [TestCase(5000, 67)]
    public void Column_sums_agree_with_float64_and_stay_inside(int rows, int columns)
    {
        var x = OpCompare.Normal([rows, columns], 1);
        using var guard = new Guarded();
        var sums = guard.Output(columns);
        ColumnSums.Kernel.Run(Device.Cpu, DType.Float32, new(guard.Input(x), sums, rows, columns));
        guard.AssertUntouched();
        using var expected = Tensor.Empty([columns], DType.Float64);
        ColumnSums.Kernel.Run(Device.Cpu, DType.Float64, new(x.To(DType.Float64).View, expected.View, rows, columns));
        var found = new double[columns];
        for (var c = 0; c < columns; c++) unsafe { found[c] = sums.F32[c]; }
        OpCompare.AssertClose(found, expected.ToArray<double>(), 1e-6, "sums");
    }
}
