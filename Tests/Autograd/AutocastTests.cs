using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Tests.Kernels;
using Diffract.Tests.Kernels.Gpu;
using NUnit.Framework;

namespace Diffract.Tests.Autograd;

/// <summary>Which types operations take and give in mixed precision.</summary>
public sealed class AutocastTests
{
    private Scope scope = null!;

    [SetUp]
    public void OpenScope() => scope = Scope.Open();

    [TearDown]
    public void CloseScope() => scope.Dispose();

    [TestCase(DType.Float16)]
    [TestCase(DType.BFloat16)]
    public void Products_give_16_bits(DType half)
    {
        var (x, w, image) = (Numbers(1, 4, 6), Numbers(2, 3, 6), Numbers(3, 1, 5, 5, 2));
        using var section = Autocast.Use(half);
        Assert.Multiple(() =>
        {
            Assert.That(x.Linear(w, Numbers(4, 3)).DType, Is.EqualTo(half));
            Assert.That(x.MatMul(w, transposeB: true).DType, Is.EqualTo(half));
            Assert.That(image.Conv2d(Numbers(5, 3, 2, 3, 3)).DType, Is.EqualTo(half));
            Assert.That(image.ConvTranspose2d(Numbers(6, 2, 3, 2, 2)).DType, Is.EqualTo(half));
            Assert.That(Numbers(7, 1, 3, 6).QkvAttention(1).DType, Is.EqualTo(half));
        });
    }

    [Test]
    public void A_product_is_that_of_the_rounded_numbers()
    {
        var (x, w, b) = (Numbers(1, 4, 6), Numbers(2, 3, 6), Numbers(3, 3));
        Tensor found;
        using (Autocast.Use(DType.BFloat16)) found = x.Linear(w, b);
        var expected = x.To(DType.BFloat16).Linear(w.To(DType.BFloat16), b.To(DType.BFloat16));
        Assert.That(Values(found), Is.EqualTo(Values(expected)));
    }

    [Test]
    public void What_needs_range_or_digits_gives_float32()
    {
        var x = Numbers(1, 4, 6).To(DType.Float16);
        using var section = Autocast.Use(DType.Float16);
        Tensor[] results =
        [
            x.Softmax(), x.LogSoftmax(), x.Exp(), x.Abs().Log(), x.Pow(2), x.Sum(), x.Mean(), x.Var(), x.Norm2(),
            x.CrossEntropy(Tensor.From(0L, 1, 2, 3)),
        ];
        Assert.That(results.Select(y => y.DType), Is.All.EqualTo(DType.Float32));
    }

    [Test]
    public void The_rest_follows_its_inputs()
    {
        var (wide, half) = (Numbers(1, 2, 3, 6), Numbers(2, 2, 3, 6).To(DType.Float16));
        var (weight, bias) = (Numbers(3, 6), Numbers(4, 6));
        using var section = Autocast.Use(DType.Float16);
        Assert.Multiple(() =>
        {
            Assert.That((half + half).DType, Is.EqualTo(DType.Float16));
            Assert.That((half + wide).DType, Is.EqualTo(DType.Float32));
            Assert.That(half.Silu().DType, Is.EqualTo(DType.Float16));
            Assert.That(half.GroupNorm(2, weight, bias).DType, Is.EqualTo(DType.Float16));
            Assert.That(wide.LayerNorm(weight, bias).DType, Is.EqualTo(DType.Float32));
            Assert.That((half.To(DType.BFloat16) * half).DType, Is.EqualTo(DType.Float32));
        });
    }

    [Test]
    public void Double_precision_stays()
    {
        using var section = Autocast.Use(DType.BFloat16);
        var x = Numbers(1, 4, 6).To(DType.Float64);
        Assert.That(x.MatMul(x, transposeB: true).DType, Is.EqualTo(DType.Float64));
    }

    [Test]
    public void Sections_end_and_nest_and_take_16_bits_only()
    {
        using (Autocast.Use(DType.Float16))
        {
            using (Autocast.Use(DType.BFloat16)) Assert.That(Autocast.Current, Is.EqualTo(DType.BFloat16));
            using (Autocast.Off()) Assert.That(Autocast.Current, Is.Null);
            Assert.That(Autocast.Current, Is.EqualTo(DType.Float16));
        }
        Assert.That(Autocast.Current, Is.Null);
        Assert.That(() => Autocast.Use(DType.Float32), Throws.TypeOf<DTypeException>());
    }

    [Test]
    public void Gradients_of_float32_parameters_are_float32_and_their_operations_float32_inside()
    {
        var (x, w) = (Numbers(1, 4, 6), Numbers(2, 3, 6));
        w.RequiresGrad = true;
        using (Autocast.Use(DType.BFloat16))
        {
            // Backward inside the section calculates in the types of the forward, too.
            x.Linear(w).Sum().Backward();
        }
        Assert.That(w.Grad!.DType, Is.EqualTo(DType.Float32));
        var expected = Enumerable.Range(0, 18).Select(i => Enumerable.Range(0, 4)
            .Sum(n => (double)(float)(BFloat16)x.ToArray<float>()[n * 6 + i % 6]));
        Assert.That(Values(w.Grad!), Is.EqualTo(expected).Within(0.02));
    }

    [Test]
    public void A_block_that_runs_again_runs_in_the_same_types()
    {
        var (x, w) = (Numbers(1, 4, 6), Numbers(2, 6, 6));
        w.RequiresGrad = true;
        double[] Gradient(bool again)
        {
            w.Grad = null;
            Tensor y;
            using (Autocast.Use(DType.BFloat16))
                y = again ? Recompute.Run(a => a[0].Linear(w).Silu(), [x]) : x.Linear(w).Silu();
            Assert.That(y.DType, Is.EqualTo(DType.BFloat16));
            y.To(DType.Float32).Sum().Backward();
            return Values(w.Grad!);
        }
        Assert.That(Gradient(again: true), Is.EqualTo(Gradient(again: false)));
    }

    [Test]
    public void A_frozen_weight_is_rounded_once_until_it_changes()
    {
        var device = new CountingDevice();
        var (x, w) = (Tensor.Zeros([4, 8], DType.BFloat16, device), Tensor.Zeros([8, 8], device: device));
        using var no = GradMode.No();
        int Casts()
        {
            var before = device.Count("Cast");
            using (Autocast.Use(DType.BFloat16)) x.GroupNorm(1, null, null).Silu().Linear(w);
            return device.Count("Cast") - before;
        }
        Casts();
        var kept = Casts();
        w.CopyFrom<float>(new float[64]);
        Assert.That(Casts(), Is.EqualTo(kept + 1));
        Assert.That(Casts(), Is.EqualTo(kept));
    }

    private static Tensor Numbers(int seed, params ReadOnlySpan<long> shape) =>
        OpCompare.Normal(Shape.Of(shape), seed);

    private static double[] Values(Tensor x) => x.To(DType.Float64).ToArray<double>();
}
