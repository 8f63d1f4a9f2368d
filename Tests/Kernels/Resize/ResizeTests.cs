using CsCheck;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

internal sealed class ResizeTests
{
    private static readonly Gen<(int N, int H, int W, int C)> Images =
        Gen.Select(Gen.Int[1, 2], Gen.Int[1, 12], Gen.Int[1, 12], Gen.Int[1, 20]);

    [AnyWidth]
    [Test]
    public void Bilinear_agrees_with_float64() =>
        Gen.Select(Images, Gen.Int[1, 25], Gen.Int[1, 25], Gen.Bool).Holds(200, c =>
        {
            var ((n, h, w, channels), outH, outW, corners) = c;
            OpCompare.Float32WithFloat64(t => t[0]!.ResizeBilinear(outH, outW, corners),
                [OpCompare.Normal([n, h, w, channels], h)], 1e-6, 3e-6);
        });

    [AnyWidth]
    [Test]
    public void Nearest_agrees_with_float64() =>
        Gen.Select(Images, Gen.Int[1, 4]).Holds(100, c =>
        {
            var ((n, h, w, channels), scale) = c;
            OpCompare.Float32WithFloat64(t => t[0]!.UpsampleNearest(scale),
                [OpCompare.Normal([n, h, w, channels], h)], 0, 2e-6);
        });

    [Test]
    public void Halving_is_the_mean_of_two_by_two()
    {
        var x = OpCompare.Normal([1, 8, 6, 3], 1);
        OpCompare.AssertClose([.. x.ResizeBilinear(4, 3).ToArray<float>().Select(v => (double)v)],
            [.. x.AvgPool2d(2).ToArray<float>().Select(v => (double)v)], 1e-6, "halved");
    }

    [Test]
    public void A_ramp_stays_a_ramp_when_corners_are_aligned()
    {
        using var x = Tensor.From([0f, 3, 6, 9], [1, 1, 4, 1]);
        Assert.That(x.ResizeBilinear(1, 10, true).ToArray<float>(),
            Is.EqualTo(Enumerable.Range(0, 10).Select(i => (float)i)).Within(1e-6f));
    }

    [Test]
    public void Backward_is_the_derivative()
    {
        var x = OpCompare.Normal([2, 4, 3, 2], 1).To(DType.Float64);
        GradCheck.Run(t => t.UpsampleNearest(3), x);
        GradCheck.Run(t => t.ResizeBilinear(7, 2), x);
        GradCheck.Run(t => t.ResizeBilinear(3, 5, true), x);
    }

    [Test]
    public void Same_bits_for_any_number_of_threads()
    {
        var x = OpCompare.Normal([2, 17, 19, 21], 1);
        OpCompare.SameBitsForAnyThreads(t => t[0]!.UpsampleNearest(2), x);
        OpCompare.SameBitsForAnyThreads(t => t[0]!.ResizeBilinear(30, 9), x);
    }

    [Test]
    public void Nothing_outside_is_touched([Values(1, 8, 13)] int channels)
    {
        using var guard = new Guarded();
        var x = guard.Input(OpCompare.Normal([2, 4, 5, channels], 1));
        int small = 2 * 4 * 5 * channels, large = 2 * 8 * 10 * channels;
        UpsampleNearest.Forward.Run(Device.Cpu, DType.Float32, new(x, guard.Output(large), 2, 4, 5, channels, 2));
        UpsampleNearest.Backward.Run(Device.Cpu, DType.Float32,
            new(guard.Output(small), guard.Input(OpCompare.Normal([large], 2)), 2, 4, 5, channels, 2));
        ResizeAxis rows = new(4, 8, true), columns = new(5, 10, false);
        ResizeBilinear.Forward.Run(Device.Cpu, DType.Float32, new(x, guard.Output(large), 2, channels, rows, columns));
        ResizeBilinear.Backward.Run(Device.Cpu, DType.Float32,
            new(guard.Output(small), guard.Input(OpCompare.Normal([large], 2)), 2, channels, rows, columns));
        guard.AssertUntouched();
    }

    [Test]
    public void Errors_say_what_does_not_fit()
    {
        var x = OpCompare.Normal([1, 4, 4, 2], 1);
        Assert.That(() => x.ResizeBilinear(0, 3),
            Throws.TypeOf<ShapeException>().With.Message.Contains("4x4 pixels cannot become 0x3"));
        Assert.That(() => x.UpsampleNearest(0),
            Throws.TypeOf<ShapeException>().With.Message.Contains("at least 1, found 0"));
    }

    [Test]
    public void Nearest_agrees_with_PyTorch() =>
        OpGolden.Check("ops/upsample_nearest2x", (_, x) => x[0].UpsampleNearest(), true, "x");

    [Test]
    public void Bilinear_agrees_with_PyTorch(
        [Values("ac", "noac")] string corners,
        [Values("16x16_to_8x8", "2x2_to_9x9", "32x32_to_5x5", "4x4_to_4x4", "7x5_to_10x13", "8x8_to_16x16")]
        string sizes) => OpGolden.Check($"ops/bilinear_{corners}_{sizes}",
            (meta, x) => x[0].ResizeBilinear(meta.GetProperty("out")[0].GetInt32(),
                meta.GetProperty("out")[1].GetInt32(), meta.GetProperty("align_corners").GetBoolean()), true, "x");
}
