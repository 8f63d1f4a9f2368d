using System.Text.Json;
using CsCheck;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

internal sealed class Conv2dTests
{
    [AnyWidth]
    [Test]
    public void Float32_agrees_with_float64_for_any_settings() =>
        ConvCase.Any.Holds(100, c => Compare(c));

    [AnyWidth]
    [Test]
    public void Float32_agrees_with_float64_for_3x3() =>
        // Winograd's transforms cost accuracy; 5e-6 of the largest value is what comparisons with PyTorch allow.
        ConvCase.Square3.Holds(60, c => Compare(c, 5e-6));

    [AnyWidth]
    [Test]
    public void Float32_agrees_with_float64_for_depthwise() =>
        ConvCase.Depthwise.Holds(60, c => Compare(c));

    /// <summary>Every value is a sum of standard normal terms or their products: one that happens to be nearly zero
    /// keeps the rounding of its terms.</summary>
    private static void Compare(ConvCase c, double tolerance = 3e-6) =>
        OpCompare.Float32WithFloat64(c.Run, c.Inputs(), tolerance, least: 1);

    [TestCase(4, 16, 64, 96, 3, 1)]
    [TestCase(1, 8, 128, 128, 3, 1)]
    [TestCase(2, 33, 16, 24, 3, 2)]
    [TestCase(2, 24, 3, 32, 3, 1)]
    [TestCase(2, 24, 32, 6, 3, 1)]
    [TestCase(2, 32, 3, 40, 8, 8)]
    [TestCase(2, 16, 24, 32, 2, 2)]
    [TestCase(3, 12, 48, 64, 1, 1)]
    public void Float32_agrees_with_float64_for_network_shapes(int n, int size, int channels, int filters, int kernel,
        int stride)
    {
        var c = new ConvCase([n, size, size, channels], [filters, channels, kernel, kernel], stride,
            kernel > stride ? kernel / 2 : 0, 1, 1);
        OpCompare.Float32WithFloat64(c.Run, c.Inputs(), 5e-6);
    }

    [TestCase(1, 0, 1, 1)]
    [TestCase(2, 1, 1, 1)]
    [TestCase(1, 2, 2, 2)]
    [TestCase(3, 1, 2, 4)]
    public void Backward_is_the_derivative(int stride, int padding, int dilation, int groups)
    {
        var c = new ConvCase([2, 6, 5, 4], [4, 4 / groups, 3, 2], stride, padding, dilation, groups);
        GradCheck.Run(x => c.Run(x), [.. c.Inputs().Select(t => t.To(DType.Float64))]);
    }

    [Test]
    public void Same_bits_for_any_number_of_threads(
        [Values(1, 3)] int kernel, [Values(1, 2)] int stride, [Values(8, 12)] int channels)
    {
        var c = new ConvCase([5, 19, 17, channels], [24, channels, kernel, kernel], stride, kernel / 2, 1, 1);
        OpCompare.SameBitsForAnyThreads(c.Run, c.Inputs());
    }

    [Test]
    public void Same_bits_for_any_number_of_threads_with_groups([Values(2, 6, 12)] int groups)
    {
        var c = new ConvCase([5, 19, 17, 12], [24, 12 / groups, 3, 3], 1, 1, 1, groups);
        OpCompare.SameBitsForAnyThreads(c.Run, c.Inputs());
    }

    [Test]
    public void Nothing_outside_is_touched() =>
        Gen.OneOf(ConvCase.Any, ConvCase.Square3, ConvCase.Depthwise).Holds(100, c =>
        {
            var g = Conv2dGeometry.Of(c.X, c.Weight, c.Stride, c.Padding, c.Dilation, c.Groups);
            var inputs = c.Inputs();
            using var guard = new Guarded();
            var (x, weight, dy) = (guard.Input(inputs[0]), guard.Input(inputs[1]), guard.Input(inputs[3]));
            Conv2d.Forward.Run(Device.Cpu, DType.Float32, new Conv2dArgs
            {
                Input = x,
                Weight = weight,
                Bias = guard.Input(inputs[2]),
                Residual = dy,
                Output = guard.Output(inputs[3].Count),
                Geometry = g,
            });
            Conv2d.InputGradient.Run(Device.Cpu, DType.Float32, new Conv2dArgs
            {
                Input = dy,
                Weight = weight,
                Output = guard.Output(inputs[0].Count),
                Geometry = g,
            });
            Conv2d.WeightGradient.Run(Device.Cpu, DType.Float32, new(x, dy, guard.Output(inputs[1].Count), g));
            guard.AssertUntouched();
        });

    [Test]
    public void A_packed_weight_gives_the_same_bits() =>
        Gen.OneOf(ConvCase.Any, ConvCase.Square3, ConvCase.Depthwise).Holds(60, c =>
        {
            var g = Conv2dGeometry.Of(c.X, c.Weight, c.Stride, c.Padding, c.Dilation, c.Groups);
            var inputs = c.Inputs();
            foreach (var direction in new[] { ConvDirection.Forward, ConvDirection.InputGradient })
            {
                var forward = direction == ConvDirection.Forward;
                var form = new Conv2dForm(g, direction);
                using var packed = Tensor.Empty([form.Bytes / sizeof(float)]);
                Conv2d.Pack.Run(Device.Cpu, DType.Float32, new(inputs[1].View, packed.View, form));
                using var first = Tensor.Empty(inputs[forward ? 3 : 0].Shape);
                using var second = Tensor.Empty(first.Shape);
                var args = new Conv2dArgs
                {
                    Input = inputs[forward ? 0 : 3].View,
                    Weight = inputs[1].View,
                    Output = first.View,
                    Packed = packed.View,
                    Geometry = g,
                };
                var kernel = forward ? Conv2d.Forward : Conv2d.InputGradient;
                kernel.Run(Device.Cpu, DType.Float32, args);
                kernel.Run(Device.Cpu, DType.Float32, args with { Output = second.View, Packed = default });
                Assert.That(second.ToArray<float>(), Is.EqualTo(first.ToArray<float>()));
            }
        });

    [Test]
    public void Only_wanted_gradients_are_calculated()
    {
        var c = new ConvCase([1, 5, 5, 3], [4, 3, 3, 3], 1, 1, 1, 1);
        var inputs = c.Inputs();
        inputs[2].RequiresGrad = true;
        c.Run(inputs).Backward(OpCompare.Normal([1, 5, 5, 4], 3));
        Assert.That(inputs.Select(t => t.Grad is not null), Is.EqualTo(new[] { false, false, true, false }));
    }

    [TestCase("ops/conv2d_k3s1p1")]
    [TestCase("ops/conv2d_k3s2p1")]
    [TestCase("ops/conv2d_k1")]
    [TestCase("ops/conv2d_k3p1_groups4")]
    [TestCase("ops/conv2d_k2s2p0")]
    [TestCase("ops/conv2d_k3s1p1_wide")]
    public void Agrees_with_PyTorch(string fixture) => OpGolden.Check(fixture, Run, true, "x", "w", "b");

    [TestCase("ops/conv2d_k1_nobias")]
    [TestCase("ops/conv2d_k3p1_depthwise_nobias")]
    public void Agrees_with_PyTorch_without_bias(string fixture) => OpGolden.Check(fixture, Run, true, "x", "w");

    // A one-dimensional convolution with a kernel of 1 is a linear layer on tokens.
    [Test]
    public void Agrees_with_PyTorch_on_tokens() => OpGolden.Check("ops/conv1d_k1",
        (_, x) => x[0].Linear(x[1].Reshape([x[1].Shape[0], x[1].Shape[1]]), x[2]), true, "x", "w", "b");

    private static Tensor Run(JsonElement meta, Tensor[] x) => x[0].Conv2d(x[1], x.Length > 2 ? x[2] : null,
        stride: meta.GetProperty("stride").GetInt32(), padding: meta.GetProperty("padding").GetInt32(),
        groups: meta.GetProperty("groups").GetInt32());

    [Test]
    public void Half_inputs_give_half_results()
    {
        var c = new ConvCase([1, 5, 5, 3], [4, 3, 3, 3], 1, 1, 1, 1);
        var inputs = c.Inputs();
        var half = c.Run([.. inputs.Select(t => t.To(DType.Float16))]);
        Assert.That(half.DType, Is.EqualTo(DType.Float16));
        var (found, expected) = (half.To(DType.Float32).ToArray<float>(), c.Run(inputs).ToArray<float>());
        OpCompare.AssertClose([.. found], [.. expected], 3e-3, "half");
    }

    [Test]
    public void Shapes_that_do_not_fit_are_named()
    {
        var x = OpCompare.Normal([1, 5, 5, 4], 1);
        var weight = OpCompare.Normal([6, 2, 3, 3], 2);
        Assert.That(() => x.Conv2d(weight), Throws.TypeOf<ShapeException>().With.Message.Contains("has 4"));
        Assert.That(() => x.Conv2d(weight, groups: 2, dilation: 3), Throws.TypeOf<ShapeException>());
        Assert.That(() => x.Conv2d(weight, groups: 2, stride: 0), Throws.TypeOf<ShapeException>());
        Assert.That(() => x.Conv2d(weight, OpCompare.Normal([5], 1), groups: 2), Throws.TypeOf<ShapeException>());
        Assert.That(() => x.Conv2d(weight, groups: 2, residual: x), Throws.TypeOf<ShapeException>());
        Assert.That(x.Conv2d(weight, groups: 2, stride: 2, padding: (1, 0)).Shape, Is.EqualTo(Shape.Of(1, 3, 2, 6)));
    }
}
