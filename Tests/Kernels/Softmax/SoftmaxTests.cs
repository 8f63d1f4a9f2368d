using CsCheck;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

internal sealed class SoftmaxTests
{
    [AnyWidth]
    [Test]
    public void Float32_agrees_with_float64() =>
        Gen.Select(Gen.Int[1, 9], Gen.Int[1, 70], Gen.Int[1, 5], Gen.Int[-3, 2], Gen.Double[0.1, 20]).Holds(100, c =>
        {
            var (a, b, d, axis, deviation) = c;
            var x = OpCompare.Normal([a, b, d], b, 0, deviation);
            OpCompare.Float32WithFloat64(t => t[0]!.Softmax(axis), [x], 1e-6, 3e-6, 1);
            OpCompare.Float32WithFloat64(t => t[0]!.LogSoftmax(axis), [x], 1e-6, 3e-6, 1);
        });

    [AnyWidth]
    [TestCase(1, 1000)]
    [TestCase(3, 10001)]
    [TestCase(700, 37)]
    public void Float32_agrees_with_float64_for_long_rows_and_many(int rows, int columns)
    {
        var x = OpCompare.Normal([rows, columns], 1, 3, 4);
        OpCompare.Float32WithFloat64(t => t[0]!.Softmax(), [x], 1e-6, 3e-6, 1);
        OpCompare.Float32WithFloat64(t => t[0]!.LogSoftmax(), [x], 1e-6, 3e-6, 1);
    }

    [Test]
    public void Huge_numbers_neither_overflow_nor_underflow()
    {
        using var x = Tensor.From([1e30f, 1e30f, -1e30f, -1000, -1000, -1001], [2, 3]);
        var e = (float)(1 / (2 + Math.Exp(-1)));
        Assert.That(x.Softmax().ToArray<float>(),
            Is.EqualTo(new[] { 0.5f, 0.5f, 0, e, e, e * MathF.Exp(-1) }).Within(1e-6));
        Assert.That(x.LogSoftmax().ToArray<float>()[3..],
            Is.EqualTo(new[] { MathF.Log(e), MathF.Log(e), MathF.Log(e) - 1 }).Within(1e-6));
    }

    [Test]
    public void A_masked_element_has_no_weight([Values(3, 17)] int columns)
    {
        var values = new float[columns];
        values[1] = float.NegativeInfinity;
        using var x = Tensor.From(values, [1, columns]);
        var y = x.Softmax().ToArray<float>();
        Assert.That(y[1], Is.Zero);
        Assert.That(y[0], Is.EqualTo(1f / (columns - 1)).Within(1e-6));
    }

    [Test]
    public void Backward_is_the_derivative([Values(0, 1, 2)] int axis)
    {
        var x = OpCompare.Normal([3, 4, 2], 1).To(DType.Float64);
        GradCheck.Run(t => t.Softmax(axis), x);
        GradCheck.Run(t => t.LogSoftmax(axis), x);
    }

    [Test]
    public void Same_bits_for_any_number_of_threads()
    {
        var x = OpCompare.Normal([300, 1003], 1);
        OpCompare.SameBitsForAnyThreads(t => t[0]!.Softmax(), x);
        OpCompare.SameBitsForAnyThreads(t => t[0]!.LogSoftmax(), x);
    }

    [Test]
    public void Nothing_outside_is_touched([Values(1, 8, 29)] int columns)
    {
        using var guard = new Guarded();
        var x = guard.Input(OpCompare.Normal([5, columns], 1));
        var count = 5 * columns;
        Softmax.Forward.Run(Device.Cpu, DType.Float32, new(x, guard.Output(count), 5, columns));
        LogSoftmax.Forward.Run(Device.Cpu, DType.Float32, new(x, guard.Output(count), 5, columns));
        Softmax.Backward.Run(Device.Cpu, DType.Float32, new(x, x, guard.Output(count), 5, columns));
        LogSoftmax.Backward.Run(Device.Cpu, DType.Float32, new(x, x, guard.Output(count), 5, columns));
        guard.AssertUntouched();
    }

    [Test]
    public void Agrees_with_PyTorch()
    {
        OpGolden.Check("ops/softmax_last", (_, x) => x[0].Softmax(), false, "x");
        OpGolden.Check("ops/log_softmax_last", (_, x) => x[0].LogSoftmax(), false, "x");
    }

    [Test]
    public void An_axis_that_does_not_exist_is_named() => Assert.That(() => OpCompare.Normal([2, 3], 1).Softmax(2),
        Throws.TypeOf<ShapeException>().With.Message.Contains("axis 2 of [2, 3] does not exist"));
}
