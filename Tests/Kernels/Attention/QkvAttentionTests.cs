using CsCheck;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

internal sealed class QkvAttentionTests
{
    [AnyWidth]
    [Test]
    public void Float32_agrees_with_float64() =>
        Gen.Select(Gen.Int[1, 2], Gen.Int[1, 130], Gen.Int[1, 3], Gen.Int[1, 40], Gen.Bool).Holds(60, c =>
        {
            var (n, tokens, heads, width, legacy) = c;
            OpCompare.Float32WithFloat64(
                x => x[0]!.QkvAttention(heads, legacy ? QkvOrder.Legacy : QkvOrder.New),
                [OpCompare.Normal([n, tokens, 3 * heads * width], tokens)], 5e-6, 1e-5);
        });

    [AnyWidth]
    [TestCase(1, 577, 1, 64)]
    [TestCase(1, 300, 2, 128)]
    [TestCase(1, 1025, 1, 8)]
    [TestCase(3, 256, 1, 33)]
    public void Float32_agrees_with_float64_over_many_tiles(int n, int tokens, int heads, int width) =>
        OpCompare.Float32WithFloat64(x => x[0]!.QkvAttention(heads, QkvOrder.New),
            [OpCompare.Normal([n, tokens, 3 * heads * width], 5, 0, 1.5)], 5e-6, 2e-5);

    [Test]
    public void Large_scores_do_not_overflow()
    {
        // Scores of several hundred: e^score is no float, and almost all weight lies on one key.
        var qkv = OpCompare.Normal([1, 400, 48], 3, 0, 15);
        OpCompare.Float32WithFloat64(x => x[0]!.QkvAttention(1), [qkv], 2e-4, 2e-3);
    }

    [Test]
    public void Backward_is_the_derivative([Values] QkvOrder order)
    {
        var qkv = OpCompare.Normal([2, 5, 18], 1).To(DType.Float64);
        GradCheck.Run(x => x.QkvAttention(2, order), qkv);
    }

    [Test]
    public void Same_bits_for_any_number_of_threads() => OpCompare.SameBitsForAnyThreads(
        x => x[0]!.QkvAttention(2), OpCompare.Normal([1, 203, 6 * 20], 1));

    [TestCase(1, 1, 1, 1)]
    [TestCase(2, 7, 3, 5)]
    [TestCase(1, 97, 1, 17)]
    [TestCase(1, 300, 2, 16)]
    public void Nothing_outside_is_touched(int n, int tokens, int heads, int width)
    {
        using var guard = new Guarded();
        var count = n * tokens * heads * width;
        var forward = new QkvAttentionArgs(guard.Input(OpCompare.Normal([3 * count], 1)), guard.Output(count),
            guard.Output(n * heads * tokens), n, tokens, heads, width, QkvOrder.Legacy);
        QkvAttention.Forward.Run(Device.Cpu, DType.Float32, forward);
        QkvAttention.Backward.Run(Device.Cpu, DType.Float32,
            new(forward, guard.Input(OpCompare.Normal([count], 2)), guard.Output(3 * count)));
        guard.AssertUntouched();
    }

    [Test]
    public void Errors_say_what_does_not_fit()
    {
        Assert.That(() => OpCompare.Normal([2, 24], 1).QkvAttention(2),
            Throws.TypeOf<ShapeException>().With.Message.Contains("must be [N, T, 3C], found [2, 24]"));
        Assert.That(() => OpCompare.Normal([1, 2, 24], 1).QkvAttention(5),
            Throws.TypeOf<ShapeException>().With.Message.Contains("24 channels").And.Message.Contains("5 equal heads"));
    }

    [TestCase("ops/qkv_attention_legacy_h4_c8")]
    [TestCase("ops/qkv_attention_legacy_h1_c16")]
    [TestCase("ops/qkv_attention_new_h4_c8")]
    [TestCase("ops/qkv_attention_new_h1_c16")]
    public void Agrees_with_PyTorch(string fixture) => OpGolden.Check(fixture,
        (meta, x) => x[0].QkvAttention(meta.GetProperty("heads").GetInt32(),
            meta.GetProperty("order").GetString() == "legacy" ? QkvOrder.Legacy : QkvOrder.New), true, "qkv");

    [TestCase(0, 5)]
    [TestCase(2, 0)]
    public void Nothing_gives_nothing(int n, int tokens)
    {
        var qkv = Tensor.Zeros([n, tokens, 12]);
        qkv.RequiresGrad = true;
        var y = qkv.QkvAttention(2);
        y.Backward(Tensor.Zeros(y.Shape));
        Assert.That(y.Shape, Is.EqualTo(Shape.Of(n, tokens, 4)));
        Assert.That(qkv.Grad!.Shape, Is.EqualTo(qkv.Shape));
    }
}
