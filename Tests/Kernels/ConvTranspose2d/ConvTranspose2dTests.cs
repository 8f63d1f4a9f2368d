using CsCheck;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

internal sealed class ConvTranspose2dTests
{
    private sealed record Case(Shape X, Shape Weight, Pair Stride, Pair Padding, Pair Extra, int Groups)
    {
        public Tensor Run(Tensor?[] x) => x[0]!.ConvTranspose2d(x[1]!, x[2], Stride, Padding, Extra, Groups);

        public Tensor[] Inputs() => [OpCompare.Normal(X, 1), OpCompare.Normal(Weight, 2),
            OpCompare.Normal([Weight[1] * Groups], 3)];
    }

    private static readonly Gen<Case> Cases = Gen.Select(
        Gen.Select(Gen.Int[0, 2], Gen.Int[1, 9], Gen.Int[1, 9]),
        Gen.Select(Gen.Int[1, 20], Gen.Int[1, 20], Gen.Int[1, 3]),
        Gen.Select(Gen.Int[1, 4], Gen.Int[1, 4]), Gen.Select(Gen.Int[1, 3], Gen.Int[1, 3]),
        Gen.Select(Gen.Int[0, 1], Gen.Int[0, 1], Gen.Int[0, 1]),
        (image, channels, kernel, stride, rest) => new Case(
            [image.Item1, image.Item2, image.Item3, channels.Item1 * channels.Item3],
            [channels.Item1 * channels.Item3, channels.Item2, kernel.Item1, kernel.Item2], stride,
            (rest.Item1, rest.Item2), (Math.Min(rest.Item3, stride.Item1 - 1), 0), channels.Item3))
        .Where(c => (c.X[1] - 1) * c.Stride.H + c.Weight[2] > 2 * c.Padding.H
            && (c.X[2] - 1) * c.Stride.W + c.Weight[3] > 2 * c.Padding.W);

    [AnyWidth]
    [Test]
    public void Float32_agrees_with_float64() =>
        Cases.Holds(100, c => OpCompare.Float32WithFloat64(c.Run, c.Inputs(), least: 1));

    [TestCase(2, 0, 0, 1)]
    [TestCase(2, 1, 1, 2)]
    [TestCase(1, 1, 0, 1)]
    [TestCase(3, 0, 2, 1)]
    public void Backward_is_the_derivative(int stride, int padding, int extra, int groups)
    {
        var c = new Case([2, 4, 3, 4], [4, 3, 3, 2], stride, (padding, 0), extra, groups);
        GradCheck.Run(x => c.Run(x), [.. c.Inputs().Select(t => t.To(DType.Float64))]);
    }

    [Test]
    public void It_is_the_transpose_of_the_convolution()
    {
        // <conv(x), y> = <x, convT(y)> for the same weight.
        var weight = OpCompare.Normal([5, 3, 4, 3], 1).To(DType.Float64);
        var x = OpCompare.Normal([2, 9, 8, 3], 2).To(DType.Float64);
        var y = x.Conv2d(weight, stride: (2, 1), padding: 1);
        var z = OpCompare.Normal(y.Shape, 3).To(DType.Float64);
        var back = z.ConvTranspose2d(weight, stride: (2, 1), padding: 1, outputPadding: (1, 0));
        Assert.That(back.Shape, Is.EqualTo(x.Shape));
        Assert.That(Dot(y, z), Is.EqualTo(Dot(x, back)).Within(1e-10));

        static double Dot(Tensor a, Tensor b) => a.ToArray<double>().Zip(b.ToArray<double>(), (u, v) => u * v).Sum();
    }

    [Test]
    public void Agrees_with_PyTorch() => OpGolden.Check("ops/conv_transpose2d_k2s2",
        (_, x) => x[0].ConvTranspose2d(x[1], x[2], stride: 2), true, "x", "w", "b");

    [Test]
    public void Same_bits_for_any_number_of_threads()
    {
        var c = new Case([3, 17, 9, 24], [24, 20, 3, 3], 2, 1, 1, 1);
        OpCompare.SameBitsForAnyThreads(c.Run, c.Inputs());
    }

    [Test]
    public void Settings_that_do_not_fit_are_named()
    {
        var (x, weight) = (OpCompare.Normal([1, 3, 3, 4], 1), OpCompare.Normal([4, 2, 2, 2], 2));
        Assert.That(() => x.ConvTranspose2d(weight, outputPadding: 1), Throws.TypeOf<ShapeException>());
        Assert.That(() => x.ConvTranspose2d(weight, padding: 2), Throws.TypeOf<ShapeException>());
        Assert.That(() => x.ConvTranspose2d(OpCompare.Normal([3, 2, 2, 2], 2)), Throws.TypeOf<ShapeException>());
    }
}
