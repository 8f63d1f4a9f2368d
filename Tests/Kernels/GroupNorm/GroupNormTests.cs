using CsCheck;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

internal sealed class GroupNormTests
{
    private static readonly Gen<(int N, int P, int Groups, int Width, bool Affine, bool Shift, bool Silu)> Cases =
        Gen.Select(Gen.Int[1, 3], Gen.Int[1, 70], Gen.Int[1, 9], Gen.Int[1, 9], Gen.Bool, Gen.Bool, Gen.Bool);

    [AnyWidth]
    [Test]
    public void Float32_agrees_with_float64() => Cases.Holds(150, c =>
    {
        var channels = c.Groups * c.Width;
        // One value normalises to 0 and two to -1 and 1, whatever they are: the gradient is rounding alone.
        if (c.P * c.Width < 3) return;
        OpCompare.Float32WithFloat64(x => x[0]!.GroupNorm(c.Groups, x[1], x[2], 1e-3f, x[3], c.Silu),
            [
                OpCompare.Normal([c.N, c.P, channels], 1, 0.5),
                c.Affine ? OpCompare.Normal([channels], 2, 1, 0.2) : null,
                c.Affine ? OpCompare.Normal([channels], 3, 0, 0.2) : null,
                c.Shift ? OpCompare.Normal([c.N, 2 * channels], 4, 0, 0.3) : null,
            ], 1e-5, 2e-5, least: 1);
    });

    [TestCase(1, 64, 64, 256, 32)]
    [TestCase(2, 40, 40, 96, 32)]
    [TestCase(1, 9, 7, 1024, 32)]
    public void Float32_agrees_with_float64_over_many_blocks(int n, int h, int w, int channels, int groups) =>
        OpCompare.Float32WithFloat64(x => x[0]!.GroupNorm(groups, x[1], x[2], scaleShift: x[3], silu: true),
            [
                OpCompare.Normal([n, h, w, channels], 1, 2, 3), OpCompare.Normal([channels], 2, 1, 0.2),
                OpCompare.Normal([channels], 3, 0, 0.2), OpCompare.Normal([n, 2 * channels], 4, 0, 0.3),
            ]);

    [AnyWidth]
    [Test]
    public void A_mean_far_from_zero_costs_no_accuracy()
    {
        var x = OpCompare.Normal([1, 32, 32, 64], 5, 1000, 1);
        OpCompare.Float32WithFloat64(t => t[0]!.GroupNorm(8, null, null), [x], 5e-5, 1e-4);
    }

    [Test]
    public void Backward_is_the_derivative([Values] bool affine, [Values] bool shift, [Values] bool silu)
    {
        var inputs = new List<Tensor> { OpCompare.Normal([2, 3, 2, 6], 1) };
        if (affine) inputs.AddRange([OpCompare.Normal([6], 2), OpCompare.Normal([6], 3)]);
        if (shift) inputs.Add(OpCompare.Normal([2, 12], 4));
        GradCheck.Run(x => x[0].GroupNorm(3, affine ? x[1] : null, affine ? x[2] : null, 1e-2f,
            shift ? x[^1] : null, silu), [.. inputs.Select(t => t.To(DType.Float64))]);
    }

    [Test]
    public void Only_wanted_gradients_are_calculated()
    {
        var gamma = OpCompare.Normal([6], 2);
        gamma.RequiresGrad = true;
        var x = OpCompare.Normal([2, 5, 6], 1);
        x.GroupNorm(2, gamma, null).Backward(OpCompare.Normal([2, 5, 6], 3));
        Assert.That(gamma.Grad, Is.Not.Null);
        Assert.That(x.Grad, Is.Null);
    }

    [Test]
    public void Same_bits_for_any_number_of_threads() => OpCompare.SameBitsForAnyThreads(
        x => x[0]!.GroupNorm(4, x[1], x[2], scaleShift: x[3], silu: true),
        OpCompare.Normal([3, 37, 29, 20], 1), OpCompare.Normal([20], 2), OpCompare.Normal([20], 3),
        OpCompare.Normal([3, 40], 4));

    [TestCase(1, 1, 3, 1)]
    [TestCase(2, 6, 5, 5)]
    [TestCase(2, 300, 24, 3)]
    [TestCase(1, 67, 36, 4)]
    public void Nothing_outside_is_touched(int n, int pixels, int channels, int groups)
    {
        using var guard = new Guarded();
        using var statistics = Tensor.Empty([n, groups, 2], DType.Float64);
        var x = guard.Input(OpCompare.Normal([n, pixels, channels], 1));
        var forward = new GroupNormArgs(x, guard.Input(OpCompare.Normal([channels], 2)),
            guard.Input(OpCompare.Normal([channels], 3)), guard.Input(OpCompare.Normal([n, 2 * channels], 4)),
            guard.Output(n * pixels * channels), statistics.View, n, pixels, channels, groups, 1e-5f, true);
        GroupNorm.Forward.Run(Device.Cpu, DType.Float32, forward);
        GroupNorm.Backward.Run(Device.Cpu, DType.Float32, new(forward,
            guard.Input(OpCompare.Normal([n, pixels, channels], 5)), guard.Output(n * pixels * channels),
            guard.Output(channels), guard.Output(channels), guard.Output(2 * n * channels)));
        guard.AssertUntouched();
    }

    [Test]
    public void Errors_say_what_does_not_fit()
    {
        var x = OpCompare.Normal([2, 5, 6], 1);
        Assert.That(() => x.GroupNorm(4, null, null),
            Throws.TypeOf<ShapeException>().With.Message.Contains("6 channels cannot be cut into 4 equal groups"));
        Assert.That(() => x.GroupNorm(3, OpCompare.Normal([5], 1), null),
            Throws.TypeOf<ShapeException>().With.Message.Contains("weight must be [6], found [5]"));
        Assert.That(() => x.GroupNorm(3, null, null, scaleShift: OpCompare.Normal([2, 6], 1)),
            Throws.TypeOf<ShapeException>().With.Message.Contains("scaleShift must be [2, 12], found [2, 6]"));
        Assert.That(() => x.GroupNorm(3, null, OpCompare.Normal([6], 1).To(DType.Float64)),
            Throws.TypeOf<DTypeException>().With.Message.Contains("bias is Float64"));
    }

    [TestCase("ops/group_norm_c32_g32")]
    [TestCase("ops/group_norm_c64_g32")]
    [TestCase("ops/group_norm_c96_g32")]
    public void Agrees_with_PyTorch(string fixture) => OpGolden.Check(fixture,
        (meta, x) => x[0].GroupNorm(meta.GetProperty("groups").GetInt32(), x[1], x[2],
            meta.GetProperty("eps").GetSingle()), true, "x", "gamma", "beta");

    [Test]
    public void Agrees_with_PyTorch_with_scale_shift_and_silu() => OpGolden.Check("ops/scale_shift_norm_silu",
        (_, x) => x[0].GroupNorm(32, x[1], x[2], scaleShift: x[3], silu: true), true, "x", "gamma", "beta", "emb_out");

    [Test]
    public void An_empty_batch_has_no_gradient()
    {
        var (x, gamma) = (Tensor.Zeros([0, 5, 6]), OpCompare.Normal([6], 2));
        gamma.RequiresGrad = true;
        var y = x.GroupNorm(2, gamma, null);
        y.Backward(Tensor.Zeros(y.Shape));
        Assert.That(y.Shape, Is.EqualTo(x.Shape));
        Assert.That(gamma.Grad!.ToArray<float>(), Is.All.Zero);
    }
}
