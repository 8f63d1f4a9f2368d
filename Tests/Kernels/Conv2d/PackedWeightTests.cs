using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

internal sealed class PackedWeightTests
{
    private static readonly Shape image = [2, 12, 12, 16], filters = [24, 16, 3, 3];

    [Test]
    public void A_frozen_weight_is_packed_once_and_its_change_is_noticed()
    {
        using var device = new CpuDevice(2);
        using var scope = Scope.Open();
        var (x, weight) = (On(device, image, 1), On(device, filters, 2));
        var first = x.Conv2d(weight, padding: 1).ToArray<float>();
        var bytes = PackedWeights.BytesOf(weight);
        Assert.That(bytes, Is.GreaterThan(0));
        Assert.That(x.Conv2d(weight, padding: 1).ToArray<float>(), Is.EqualTo(first));
        Assert.That(PackedWeights.BytesOf(weight), Is.EqualTo(bytes));
        weight.CopyFrom<float>(OpCompare.Normal(filters, 3).AsSpan<float>());
        var fresh = On(device, filters, 3);
        var expected = x.Conv2d(fresh, padding: 1).ToArray<float>();
        Assert.That(x.Conv2d(weight, padding: 1).ToArray<float>(), Is.EqualTo(expected));
        Assert.That(PackedWeights.BytesOf(weight), Is.EqualTo(bytes));
    }

    [Test]
    public void Packed_memory_goes_with_the_weight()
    {
        using var device = new CpuDevice(2);
        long before;
        using (var weight = On(device, filters, 2))
        {
            before = device.Memory.LiveBytes;
            using var scope = Scope.Open();
            On(device, image, 1).Conv2d(weight, padding: 1);
            On(device, image, 1).Conv2d(weight, padding: 1, stride: 2);
            Assert.That(device.Memory.LiveBytes, Is.GreaterThan(before));
        }
        Assert.That(device.Memory.LiveBytes, Is.Zero);
    }

    [Test]
    public void A_weight_that_is_trained_keeps_no_packed_form()
    {
        using var device = new CpuDevice(2);
        using var scope = Scope.Open();
        var (x, weight) = (On(device, image, 1), On(device, filters, 2));
        x.RequiresGrad = true;
        using (GradMode.No()) x.Conv2d(weight, padding: 1);
        Assert.That(PackedWeights.BytesOf(weight), Is.GreaterThan(0));
        weight.RequiresGrad = true;
        var y = x.Conv2d(weight, padding: 1);
        Assert.That(PackedWeights.BytesOf(weight), Is.Zero);
        y.Backward(On(device, y.Shape, 4));
        Assert.That(PackedWeights.BytesOf(weight), Is.Zero);
    }

    [Test]
    public void The_backward_of_a_frozen_weight_is_packed_once()
    {
        using var scope = Scope.Open();
        var (x, weight) = (OpCompare.Normal(image, 1), OpCompare.Normal(filters, 2));
        x.RequiresGrad = true;
        var bytes = new long[2];
        for (var i = 0; i < 2; i++)
        {
            var y = x.Conv2d(weight, padding: 1);
            y.Backward(OpCompare.Normal(y.Shape, 4));
            bytes[i] = PackedWeights.BytesOf(weight);
        }
        Assert.That(bytes[1], Is.EqualTo(bytes[0]));
        OpCompare.Float32WithFloat64(
            t => t[0]!.Conv2d(weight.To(t[0]!.DType), padding: 1), [OpCompare.Normal(image, 1)]);
    }

    [Test]
    public void Threads_share_one_packed_form()
    {
        using var weight = OpCompare.Normal(filters, 2);
        using var x = OpCompare.Normal(image, 1);
        using var expected = OpCompare.Normal(filters, 2);
        var y = x.Conv2d(expected, padding: 1).ToArray<float>();
        Parallel.For(0, 16, _ =>
        {
            using var scope = Scope.Open();
            for (var i = 0; i < 10; i++)
                if (!x.Conv2d(weight, padding: 1).ToArray<float>().AsSpan().SequenceEqual(y))
                    throw new InvalidOperationException("a thread saw another result");
        });
        Assert.That(PackedWeights.BytesOf(weight), Is.EqualTo(PackedWeights.BytesOf(expected)));
    }

    [Test]
    public void A_linear_layer_packs_its_weight_for_a_middling_number_of_rows()
    {
        using var weight = OpCompare.Normal([40, 30], 2);
        using var scope = Scope.Open();
        foreach (var (rows, packs) in new[] { (2, false), (300, false), (60, true) })
        {
            var x = OpCompare.Normal([rows, 30], 1);
            var y = x.Linear(weight).ToArray<float>();
            Assert.That(PackedWeights.BytesOf(weight) > 0, Is.EqualTo(packs), $"{rows} rows");
            var expected = x.To(DType.Float64).Linear(weight.To(DType.Float64)).ToArray<double>();
            OpCompare.AssertClose([.. y], expected, 1e-6, $"{rows} rows");
        }
    }

    private static Tensor On(Device device, Shape shape, int seed) =>
        Tensor.From(OpCompare.Normal(shape, seed).ToArray<float>(), shape, device);
}
