using CsCheck;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

internal sealed class PoolTests
{
    private static readonly Gen<(int N, int H, int W, int C)> Images =
        Gen.Select(Gen.Int[1, 2], Gen.Int[1, 12], Gen.Int[1, 12], Gen.Int[1, 20]);

    [AnyWidth]
    [Test]
    public void Average_and_maximum_agree_with_float64() =>
        Gen.Select(Images, Gen.Int[1, 4], Gen.Int[1, 4], Gen.Int[1, 5], Gen.Int[1, 5], Gen.Int[0, 2]).Holds(200, c =>
        {
            var ((n, h, w, channels), kernelH, kernelW, strideH, strideW, padding) = c;
            padding = Math.Min(padding, Math.Min(kernelH, kernelW) / 2);
            if (h + 2 * padding < kernelH || w + 2 * padding < kernelW) return;
            var x = OpCompare.Normal([n, h, w, channels], h);
            OpCompare.Float32WithFloat64(
                t => t[0]!.AvgPool2d((kernelH, kernelW), (Pair)(strideH, strideW), padding), [x], 1e-6, 2e-6);
            OpCompare.Float32WithFloat64(
                t => t[0]!.MaxPool2d((kernelH, kernelW), (Pair)(strideH, strideW), padding), [x], 0, 1e-6);
        });

    [AnyWidth]
    [Test]
    public void Adaptive_agrees_with_float64() =>
        Gen.Select(Images, Gen.Int[1, 15], Gen.Int[1, 15]).Holds(200, c =>
        {
            var ((n, h, w, channels), outH, outW) = c;
            OpCompare.Float32WithFloat64(t => t[0]!.AdaptiveAvgPool2d((outH, outW)),
                [OpCompare.Normal([n, h, w, channels], h)], 1e-6, 2e-6);
        });

    [Test]
    public void Every_window_covers_the_pixels_that_say_so([Range(1, 9)] int pixels, [Range(1, 12)] int windows)
    {
        foreach (var axis in new[] { PoolAxis.Adaptive(pixels, windows), PoolAxis.Fixed(pixels + 3, 4, windows, 1) })
        {
            for (var pixel = 0; pixel < axis.In; pixel++)
            {
                var covering = Enumerable.Range(0, axis.Out)
                    .Where(o => axis.Start(o) <= pixel && pixel < axis.End(o)).ToArray();
                int first = axis.FirstWindow(pixel), end = axis.EndWindow(pixel);
                Assert.That(Enumerable.Range(first, Math.Max(0, end - first)), Is.EqualTo(covering));
            }
        }
    }

    [Test]
    public void Of_equal_maxima_the_first_counts()
    {
        using var x = Tensor.From([3f, 1, 3, 3, 2, 2, 2, 2], [1, 2, 4, 1]);
        x.RequiresGrad = true;
        var y = x.MaxPool2d(2);
        Assert.That(y.ToArray<float>(), Is.EqualTo(new[] { 3f, 3 }));
        y.Backward(Tensor.From([10f, 20], [1, 1, 2, 1]));
        Assert.That(x.Grad!.ToArray<float>(), Is.EqualTo(new[] { 10f, 0, 20, 0, 0, 0, 0, 0 }));
    }

    [Test]
    public void The_maximum_of_a_window_with_nan_is_nan([Values(1, 9)] int channels)
    {
        var values = new float[4 * channels];
        values[channels] = float.NaN;
        using var x = Tensor.From(values, [1, 2, 2, channels]);
        Assert.That(x.MaxPool2d(2).ToArray<float>()[0], Is.NaN);
    }

    [Test]
    public void Backward_is_the_derivative()
    {
        var x = OpCompare.Normal([2, 5, 4, 2], 1).To(DType.Float64);
        GradCheck.Run(t => t.AvgPool2d(2), x);
        GradCheck.Run(t => t.AvgPool2d((3, 2), 1, (1, 0)), x);
        GradCheck.Run(t => t.MaxPool2d(3, 2, 1), x);
        GradCheck.Run(t => t.AdaptiveAvgPool2d((3, 7)), x);
    }

    [Test]
    public void Same_bits_for_any_number_of_threads()
    {
        var x = OpCompare.Normal([2, 17, 19, 21], 1);
        OpCompare.SameBitsForAnyThreads(t => t[0]!.AvgPool2d(3, 1, 1), x);
        OpCompare.SameBitsForAnyThreads(t => t[0]!.MaxPool2d(3, 1, 1), x);
        OpCompare.SameBitsForAnyThreads(t => t[0]!.AdaptiveAvgPool2d((5, 30)), x);
    }

    [Test]
    public void Nothing_outside_is_touched([Values(1, 8, 13)] int channels)
    {
        using var guard = new Guarded();
        var rows = PoolAxis.Fixed(7, 3, 2, 1);
        var columns = PoolAxis.Adaptive(5, 6);
        var x = guard.Input(OpCompare.Normal([2, 7, 5, channels], 1));
        int small = 2 * rows.Out * columns.Out * channels, large = 2 * 7 * 5 * channels;
        var y = guard.Output(small);
        AvgPool2d.Forward.Run(Device.Cpu, DType.Float32, new(x, y, 2, channels, rows, columns));
        AvgPool2d.Backward.Run(Device.Cpu, DType.Float32, new(guard.Output(large), y, 2, channels, rows, columns));
        using var index = Tensor.Empty([small], DType.Int32);
        MaxPool2d.Forward.Run(Device.Cpu, DType.Float32,
            new(x, guard.Output(small), index.View, 2, channels, rows, columns));
        MaxPool2d.Backward.Run(Device.Cpu, DType.Float32,
            new(guard.Output(large), y, index.View, 2, channels, rows, columns));
        guard.AssertUntouched();
    }

    [Test]
    public void Errors_say_what_does_not_fit()
    {
        var x = OpCompare.Normal([1, 4, 4, 2], 1);
        Assert.That(() => x.MaxPool2d(5),
            Throws.TypeOf<ShapeException>().With.Message.Contains("kernel 5x5 does not fit 4x4 pixels"));
        Assert.That(() => x.AvgPool2d(2, padding: 2),
            Throws.TypeOf<ShapeException>().With.Message.Contains("padding 2x2 must be at most half"));
        Assert.That(() => x.AdaptiveAvgPool2d(0), Throws.TypeOf<ShapeException>().With.Message.Contains("0x0"));
        Assert.That(() => OpCompare.Normal([4, 4, 2], 1).AvgPool2d(2),
            Throws.TypeOf<ShapeException>().With.Message.Contains("must be [N, H, W, C], found [4, 4, 2]"));
    }

    [Test]
    public void Average_and_maximum_agree_with_PyTorch()
    {
        OpGolden.Check("ops/avg_pool2x2", (_, x) => x[0].AvgPool2d(2), true, "x");
        OpGolden.Check("ops/max_pool2x2", (_, x) => x[0].MaxPool2d(2), true, "x");
    }

    [TestCase("16x16_to_2x2")]
    [TestCase("5x9_to_2x4")]
    [TestCase("7x7_to_3x3")]
    [TestCase("8x8_to_6x6")]
    [TestCase("10x10_to_4x4")]
    [TestCase("4x4_to_4x4")]
    [TestCase("8x8_to_16x16")]
    public void Adaptive_agrees_with_PyTorch(string sizes) => OpGolden.Check($"ops/adaptive_avg_pool_{sizes}",
        (meta, x) => x[0].AdaptiveAvgPool2d((meta.GetProperty("out")[0].GetInt32(),
            meta.GetProperty("out")[1].GetInt32())), true, "x");
}
