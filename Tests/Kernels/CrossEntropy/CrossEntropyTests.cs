using CsCheck;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

internal sealed class CrossEntropyTests
{
    [AnyWidth]
    [Test]
    public void Float32_agrees_with_float64([Values] Reduction reduction) =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 60], Gen.Double[0.1, 10]).Holds(60, c =>
        {
            var (rows, classes, deviation) = c;
            var labels = Labels(rows, classes, -100);
            OpCompare.Float32WithFloat64(t => t[0]!.CrossEntropy(t[1]!, reduction: reduction),
                [OpCompare.Normal([rows, classes], classes, 0, deviation), labels], 1e-6, 1e-6, 1);
        });

    [Test]
    public void Backward_is_the_derivative([Values] Reduction reduction)
    {
        var logits = OpCompare.Normal([2, 3, 4], 1).To(DType.Float64);
        using var labels = Tensor.From([0L, 3, 255, 1, 1, 2], [2, 3]);
        GradCheck.Run(x => x.CrossEntropy(labels, 255, reduction), logits);
    }

    [Test]
    public void Ignored_samples_have_no_loss_no_gradient_and_do_not_count()
    {
        using var logits = Tensor.From([1f, 2, 3, 9, 9, 9, 3, 1, 0], [3, 3]);
        logits.RequiresGrad = true;
        using var labels = Tensor.From(2L, -100, 0);
        using var first = Tensor.From([1f, 2, 3, 3, 1, 0], [2, 3]);
        using var both = Tensor.From(2L, 0);
        var loss = logits.CrossEntropy(labels);
        loss.Backward();
        Assert.That(loss.Item<float>(), Is.EqualTo(first.CrossEntropy(both).Item<float>()));
        Assert.That(logits.CrossEntropy(labels, reduction: Reduction.None).ToArray<float>()[1], Is.Zero);
        Assert.That(logits.Grad!.ToArray<float>()[3..6], Is.All.Zero);
    }

    [Test]
    public void Without_any_label_the_mean_is_not_a_number_and_the_gradient_zero()
    {
        var logits = OpCompare.Normal([2, 5], 1);
        logits.RequiresGrad = true;
        var loss = logits.CrossEntropy(Tensor.From(-100L, -100));
        loss.Backward();
        Assert.That(loss.Item<float>(), Is.NaN);
        Assert.That(logits.Grad!.ToArray<float>(), Is.All.Zero);
    }

    [Test]
    public void Same_bits_for_any_number_of_threads() => OpCompare.SameBitsForAnyThreads(
        t => t[0]!.CrossEntropy(t[1]!), OpCompare.Normal([900, 111], 1), Labels(900, 111, -100));

    [Test]
    public void Half_precision_logits_have_a_single_precision_loss()
    {
        var logits = OpCompare.Normal([4, 5], 1).To(DType.Float16).Detach();
        logits.RequiresGrad = true;
        var loss = logits.CrossEntropy(Labels(4, 5, -100));
        loss.Backward();
        Assert.That(loss.DType, Is.EqualTo(DType.Float32));
        Assert.That(logits.Grad!.DType, Is.EqualTo(DType.Float16));
    }

    [Test]
    public void Nothing_outside_is_touched([Values] Reduction reduction, [Values(1, 8, 21)] int classes)
    {
        using var guard = new Guarded();
        const int rows = 6;
        using var labels = Labels(rows, classes, 255);
        var losses = reduction == Reduction.None ? rows : 1;
        var forward = new CrossEntropyArgs(guard.Input(OpCompare.Normal([rows, classes], 1)), labels.View,
            guard.Output(losses), guard.Output(2 * rows), rows, classes, 255, reduction);
        CrossEntropy.Forward.Run(Device.Cpu, DType.Float32, forward);
        CrossEntropy.Backward.Run(Device.Cpu, DType.Float32,
            new(forward, guard.Input(OpCompare.Normal([losses], 2)), guard.Output(rows * classes)));
        guard.AssertUntouched();
    }

    [Test]
    public void Agrees_with_PyTorch()
    {
        using var golden = new GoldenFixture("ops/cross_entropy");
        var logits = golden["logits"].Clone();
        logits.RequiresGrad = true;
        var loss = logits.CrossEntropy(golden["labels"]);
        loss.Backward();
        golden.Check("loss", loss);
        golden.Check("grad_logits", logits.Grad!);
        golden.Check("loss_none", logits.CrossEntropy(golden["labels"], reduction: Reduction.None));
        golden.AssertAllUsed();
    }

    [Test]
    public void Agrees_with_PyTorch_for_pixels()
    {
        using var golden = new GoldenFixture("ops/cross_entropy_dense_ignore255");
        var logits = golden.Images("logits");
        logits.RequiresGrad = true;
        var loss = logits.CrossEntropy(golden["labels"], 255);
        loss.Backward();
        golden.Check("loss", loss);
        golden.CheckImages("grad_logits", logits.Grad!);
        golden.AssertAllUsed();
    }

    [Test]
    public void Errors_name_the_label_and_the_classes()
    {
        var logits = OpCompare.Normal([3, 5], 1);
        Assert.That(() => logits.CrossEntropy(Tensor.From(0L, 7, 1)), Throws.TypeOf<ShapeException>().With.Message
            .EqualTo("CrossEntropy: label 7 at position 1 is outside 0..4 (5 classes; -100 is ignored)"));
        Assert.That(() => logits.CrossEntropy(Tensor.From(0L, -1, 1)),
            Throws.TypeOf<ShapeException>().With.Message.Contains("label -1"));
        Assert.That(() => logits.CrossEntropy(Tensor.From(0L, 1)),
            Throws.TypeOf<ShapeException>().With.Message.Contains("labels [2] do not fit logits [3, 5]"));
        Assert.That(() => logits.CrossEntropy(Tensor.From(0, 1, 2)),
            Throws.TypeOf<DTypeException>().With.Message.Contains("Int64, found Int32"));
    }

    private static Tensor Labels(int rows, int classes, long ignore)
    {
        var random = new Random(rows);
        return Tensor.From(Enumerable.Range(0, rows)
            .Select(i => i % 4 == 3 ? ignore : random.NextInt64(classes)).ToArray(), [rows]);
    }
}
