using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

/// <summary>What a convolution may spend: all methods agree, and each spends what it says.</summary>
internal sealed class ConvMethodTests
{
    // Transformed weights of more than 4 MiB, which are not kept. The last has so many tiles that they go in chunks.
    private static readonly (Shape X, Shape Weight)[] shapes =
    [
        ([1, 8, 8, 328], [104, 328, 3, 3]), ([1, 16, 16, 200], [152, 200, 3, 3]), ([1, 22, 20, 136], [220, 136, 3, 3]),
        ([1, 97, 98, 264], [120, 264, 3, 3]),
    ];

    [Test]
    public void Every_method_agrees_with_float64([Values] ConvMethod method, [Range(0, 2)] int shape)
    {
        var (x, weight) = shapes[shape];
        OpCompare.Float32WithFloat64(t => t[0]!.Conv2d(t[1]!, t[2], padding: 1, method: method),
            [OpCompare.Normal(x, 1), OpCompare.Normal(weight, 2, deviation: 0.05), OpCompare.Normal([weight[0]], 3)],
            5e-6, 2e-5);
    }

    [Test]
    public void A_weight_that_is_transformed_on_the_way_gives_the_bits_of_a_packed_one(
        [Values] ConvMethod method, [Values] ConvDirection direction, [Range(0, 3)] int shape)
    {
        var (x, weight) = shapes[shape];
        var g = Conv2dGeometry.Of(x, weight, 1, 1, 1, 1) with { Method = method };
        var form = new Conv2dForm(g, direction);
        using var scope = Scope.Open();
        var filters = OpCompare.Normal(weight, 2);
        var packed = Tensor.Empty([form.Bytes / sizeof(float)]);
        Conv2d.Pack.Run(Device.Cpu, DType.Float32, new(filters.View, packed.View, form));
        var forward = direction == ConvDirection.Forward;
        var input = OpCompare.Normal(forward ? x : g.OutShape, 1);
        var (first, second) = (Tensor.Empty(forward ? g.OutShape : x), Tensor.Empty(forward ? g.OutShape : x));
        var kernel = forward ? Conv2d.Forward : Conv2d.InputGradient;
        var args = new Conv2dArgs
        {
            Input = input.View,
            Weight = filters.View,
            Output = first.View,
            Packed = packed.View,
            Geometry = g,
        };
        kernel.Run(Device.Cpu, DType.Float32, args);
        kernel.Run(Device.Cpu, DType.Float32, args with { Output = second.View, Packed = default });
        Assert.That(second.ToArray<float>(), Is.EqualTo(first.ToArray<float>()));
    }

    [Test]
    public void Balanced_keeps_no_large_packed_weight_and_fast_does()
    {
        Assert.That(Kept(ConvMethod.Balanced), Is.Zero);
        Assert.That(Kept(ConvMethod.Fast), Is.GreaterThan(2 * 4 * 512 * 520 * 9));

        static long Kept(ConvMethod method)
        {
            using var scope = Scope.Open();
            var weight = OpCompare.Normal([512, 520, 3, 3], 1);
            OpCompare.Normal([1, 64, 64, 520], 2).Conv2d(weight, padding: 1, method: method);
            return PackedWeights.BytesOf(weight);
        }
    }

    [Test]
    public void The_direct_method_sums_products([Values] ConvDirection direction, [Range(0, 3)] int shape)
    {
        var (x, weight) = shapes[shape];
        var g = Conv2dGeometry.Of(x, weight, 1, 1, 1, 1);
        Assert.That(ConvChoice.For(g, direction),
            Is.AnyOf(ConvAlgorithm.Winograd2, ConvAlgorithm.Winograd4), "the case means nothing");
        g = g with { Method = ConvMethod.Direct };
        Assert.That(ConvChoice.For(g, direction), Is.EqualTo(ConvAlgorithm.Gather));
        Assert.That(ConvChoice.ForWeightGradient(g), Is.EqualTo(ConvAlgorithm.Gather));
    }

    [Test]
    public void Same_bits_for_any_number_of_threads([Values] ConvMethod method, [Range(0, 3)] int shape) =>
        OpCompare.SameBitsForAnyThreads(t => t[0]!.Conv2d(t[1]!, padding: 1, method: method),
            OpCompare.Normal(shapes[shape].X, 1), OpCompare.Normal(shapes[shape].Weight, 2));

    [Test]
    public void A_weight_in_16_bits_gives_the_result_of_its_rounded_values(
        [Values(DType.Float16, DType.BFloat16)] DType half)
    {
        using var scope = Scope.Open();
        var (x, weight) = (OpCompare.Normal([2, 12, 12, 16], 1), OpCompare.Normal([24, 16, 3, 3], 2).To(half));
        x.RequiresGrad = true;
        var y = x.Conv2d(weight, padding: 1);
        Assert.That(y.DType, Is.EqualTo(DType.Float32));
        Assert.That(y.ToArray<float>(), Is.EqualTo(x.Conv2d(weight.To(DType.Float32), padding: 1).ToArray<float>()));
        y.Sum().Backward();
        Assert.That(x.Grad!.DType, Is.EqualTo(DType.Float32));
        var tokens = OpCompare.Normal([5, 16], 3);
        var linear = OpCompare.Normal([8, 16], 4).To(half);
        Assert.That(tokens.Linear(linear).ToArray<float>(),
            Is.EqualTo(tokens.Linear(linear.To(DType.Float32)).ToArray<float>()));
        Assert.That(x.To(half).Conv2d(weight, padding: 1).DType, Is.EqualTo(half));
    }
}
