using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Flash;

/// <summary>Attention on tensor cores against attention in double precision of the same, rounded numbers.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class FlashAttentionTests
{
    [Test]
    public void Agrees_with_float64([Values(DType.Float16, DType.BFloat16)] DType type,
        [Values(1, 5, 63, 64, 65, 130)] int tokens, [Values(32, 64, 128)] int width) =>
        Check(new(type, 1, tokens, 1, width, tokens % 2 == 0 ? QkvOrder.Legacy : QkvOrder.New));

    [Test]
    public void Agrees_with_float64_for_samples_and_heads([Values(DType.Float16, DType.BFloat16)] DType type,
        [Values] QkvOrder order) => Check(new(type, 2, 67, 3, 32, order));

    // An image of 16 x 16 patches and a class token.
    [Test]
    public void Agrees_with_float64_for_a_transformer() => Check(new(DType.Float16, 1, 257, 1, 64, QkvOrder.New));

    [TestCase(DType.Float16)]
    [TestCase(DType.BFloat16)]
    public void One_large_score_takes_all_weight(DType type) => Check(new(type, 1, 150, 1, 64, QkvOrder.New,
        (lab, values) =>
        {
            // The largest score is met last by some queries, first by others.
            for (var c = 0; c < 64; c++)
                foreach (var (query, key) in new[] { (3, 140), (70, 2), (149, 149) })
                    values[lab.Input(0, key, 0, 1, c)] = 8 * values[lab.Input(0, query, 0, 0, c)];
        }));

    // Keys behind the last one have scores of zero, which would be the largest.
    [TestCase(DType.Float16)]
    [TestCase(DType.BFloat16)]
    public void Keys_behind_the_last_have_no_weight_where_all_scores_are_low(DType type) => Check(Low(type));

    [Test]
    public void A_sample_does_not_depend_on_others()
    {
        var device = new SimDevice();
        Action<FlashLab, float[]> same = (_, values) => values.AsSpan(0, values.Length / 2).CopyTo(
            values.AsSpan(values.Length / 2));
        var (y, _) = new FlashLab(DType.BFloat16, 2, 70, 2, 32, QkvOrder.New, same).Run(device);
        Assert.That(y[..(y.Length / 2)], Is.EqualTo(y[(y.Length / 2)..]));
    }

    [Test]
    public void Bits_are_the_same_again_and_without_a_gradient()
    {
        var lab = new FlashLab(DType.Float16, 1, 90, 2, 64, QkvOrder.Legacy);
        var (first, second) = (lab.Run(new SimDevice()), lab.Run(new SimDevice()));
        Assert.That(second.Y, Is.EqualTo(first.Y));
        Assert.That(second.Gradient, Is.EqualTo(first.Gradient));
        Assert.That(lab.Forward(new SimDevice()), Is.EqualTo(first.Y));
    }

    [TestCase(75, 32)]
    [TestCase(80, 20)]
    public void Without_tensor_cores_or_for_other_widths_float32_is_calculated(int architecture, int width)
    {
        var lab = new FlashLab(DType.BFloat16, 1, 9, 2, width, QkvOrder.New);
        Assert.That(lab.Difference(lab.Run(new SimDevice(architecture))), Is.Null);
    }

    [Test]
    public void Memory_that_cannot_be_copied_in_chunks_is_read_otherwise()
    {
        var lab = new FlashLab(DType.Float16, 1, 9, 1, 32, QkvOrder.New);
        Assert.That(lab.Difference(lab.Forward(new SimDevice(), offset: 1)), Is.Null);
    }

    /// <summary>Numbers whose scores are all far below zero.</summary>
    internal static FlashLab Low(DType type) => new(type, 1, 66, 1, 64, QkvOrder.New, (lab, values) =>
    {
        for (var t = 0; t < 66; t++)
            for (var c = 0; c < 64; c++)
            {
                values[lab.Input(0, t, 0, 0, c)] = 4 + values[lab.Input(0, t, 0, 0, c)] / 8;
                values[lab.Input(0, t, 0, 1, c)] = -4 + values[lab.Input(0, t, 0, 1, c)] / 8;
            }
    });

    private static void Check(FlashLab lab) => Assert.That(lab.Difference(lab.Run(new SimDevice())), Is.Null);
}
