using CsCheck;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

internal sealed class BatchNormTests
{
    [AnyWidth]
    [Test]
    public void Float32_agrees_with_float64([Values] bool training) =>
        Gen.Select(Gen.Int[1, 4], Gen.Int[2, 90], Gen.Int[1, 40], Gen.Bool).Holds(60, c =>
        {
            var (n, pixels, channels, affine) = c;
            // Two values normalise to -1 and 1, whatever they are: the gradient is rounding alone.
            if (n * pixels < 3) return;
            OpCompare.Float32WithFloat64(
                t => Normalise(t, training), Inputs(n, pixels, channels, affine), 1e-5, 2e-5, least: 1);
        });

    [Test]
    public void Float32_agrees_with_float64_over_many_blocks([Values] bool training) =>
        OpCompare.Float32WithFloat64(t => Normalise(t, training), Inputs(3, 900, 70, true));

    [Test]
    public void Backward_is_the_derivative([Values] bool training, [Values] bool affine)
    {
        var inputs = Inputs(3, 4, 2, affine).OfType<Tensor>().Select(t => t.To(DType.Float64)).ToArray();
        GradCheck.Run(x => Normalise([x[0], affine ? x[1] : null, affine ? x[2] : null], training), inputs);
    }

    [Test]
    public void Training_moves_the_running_statistics_and_evaluation_does_not()
    {
        using var mean = Tensor.From(10f);
        using var variance = Tensor.From(5f);
        using var x = Tensor.From([1f, 2, 3, 6], [4, 1]);
        var version = mean.Storage.Version;
        x.BatchNorm(null, null, mean, variance, false);
        Assert.That((mean.Item<float>(), variance.Item<float>()), Is.EqualTo((10f, 5f)));
        Assert.That(mean.Storage.Version, Is.EqualTo(version));
        x.BatchNorm(null, null, mean, variance, true, momentum: 0.25f);
        // Mean 3; squared distances 4, 1, 0 and 9, divided by 3.
        Assert.That(mean.Item<float>(), Is.EqualTo(0.75 * 10 + 0.25 * 3).Within(1e-6));
        Assert.That(variance.Item<float>(), Is.EqualTo(0.75 * 5 + 0.25 * 14 / 3).Within(1e-6));
        Assert.That(mean.Storage.Version, Is.GreaterThan(version));
    }

    [Test]
    public void Same_bits_for_any_number_of_threads([Values] bool training) => OpCompare.SameBitsForAnyThreads(t =>
    {
        var device = t[0]!.Device;
        return t[0]!.BatchNorm(t[1], t[2], Tensor.Zeros([21], device: device), Tensor.Ones([21], device: device),
            training);
    }, Inputs(3, 700, 21, true));

    [Test]
    public void Nothing_outside_is_touched([Values] bool training, [Values(1, 8, 29)] int channels)
    {
        using var guard = new Guarded();
        const int rows = 40;
        using var statistics = Tensor.Empty([channels, 2], DType.Float64);
        var forward = new BatchNormArgs(guard.Input(OpCompare.Normal([rows, channels], 1)),
            guard.Input(OpCompare.Normal([channels], 2)), guard.Input(OpCompare.Normal([channels], 3)),
            guard.Input(OpCompare.Normal([channels], 4)), guard.Input(OpCompare.Normal([channels], 5, 3, 0.1)),
            guard.Output(rows * channels), statistics.View, rows, channels, training, 0.1f, 1e-5f);
        BatchNorm.Forward.Run(Device.Cpu, DType.Float32, forward);
        BatchNorm.Backward.Run(Device.Cpu, DType.Float32, new(forward,
            guard.Input(OpCompare.Normal([rows, channels], 6)), guard.Output(rows * channels),
            guard.Output(channels), guard.Output(channels)));
        guard.AssertUntouched();
    }

    [TestCase("ops/batch_norm_train")]
    [TestCase("ops/batch_norm_eval")]
    public void Agrees_with_PyTorch(string fixture)
    {
        using var golden = new GoldenFixture(fixture);
        var (x, gamma, beta) = (golden.Images("x"), golden["gamma"].Clone(), golden["beta"].Clone());
        foreach (var leaf in new[] { x, gamma, beta }) leaf.RequiresGrad = true;
        var (mean, variance) = (golden["running_mean"].Clone(), golden["running_var"].Clone());
        var y = x.BatchNorm(gamma, beta, mean, variance, golden.Meta.GetProperty("training").GetBoolean(),
            golden.Meta.GetProperty("momentum").GetSingle(), golden.Meta.GetProperty("eps").GetSingle());
        y.Backward(golden.Images("gy"));
        golden.CheckImages("y", y);
        golden.CheckImages("grad_x", x.Grad!);
        golden.Check("grad_gamma", gamma.Grad!);
        golden.Check("grad_beta", beta.Grad!);
        golden.Check("running_mean_after", mean);
        golden.Check("running_var_after", variance);
        golden.AssertAllUsed();
    }

    [Test]
    public void Errors_say_what_does_not_fit()
    {
        var x = OpCompare.Normal([2, 6], 1);
        Assert.That(() => x.BatchNorm(null, null, null, null, false),
            Throws.TypeOf<ShapeException>().With.Message.Contains("evaluation needs them"));
        Assert.That(() => x.BatchNorm(null, null, Tensor.Zeros([5]), Tensor.Zeros([6]), true),
            Throws.TypeOf<ShapeException>().With.Message.Contains("runningMean must be [6], found [5]"));
        Assert.That(() => OpCompare.Normal([1, 6], 1).BatchNorm(null, null, null, null, true),
            Throws.TypeOf<ShapeException>().With.Message.Contains("one value a channel"));
    }

    // Running statistics of the inputs' type, made anew so that a run does not depend on the one before.
    private static Tensor Normalise(Tensor?[] t, bool training)
    {
        var channels = t[0]!.Shape[^1];
        using (GradMode.No())
        {
            var mean = OpCompare.Normal([channels], 8, 0.2, 0.1).To(t[0]!.DType);
            var variance = OpCompare.Normal([channels], 9, 2, 0.1).To(t[0]!.DType);
            using (GradMode.Yes()) return t[0]!.BatchNorm(t[1], t[2], mean, variance, training, eps: 1e-3f);
        }
    }

    private static Tensor?[] Inputs(int n, int pixels, int channels, bool affine) =>
    [
        OpCompare.Normal([n, pixels, channels], 1, 0.5, 2),
        affine ? OpCompare.Normal([channels], 2, 1, 0.2) : null,
        affine ? OpCompare.Normal([channels], 3, 0, 0.2) : null,
    ];
}
