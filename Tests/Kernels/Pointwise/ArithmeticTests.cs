using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Pointwise;

/// <summary>What types arithmetic gives, what it keeps, and creation.</summary>
public sealed class ArithmeticTests
{
    [TestCase(DType.Float32, DType.Float64, DType.Float64)]
    [TestCase(DType.Float16, DType.BFloat16, DType.Float32)]
    [TestCase(DType.Float16, DType.Float32, DType.Float32)]
    [TestCase(DType.Float16, DType.Int64, DType.Float16)]
    [TestCase(DType.Int64, DType.Float32, DType.Float32)]
    [TestCase(DType.Int32, DType.UInt8, DType.Int32)]
    [TestCase(DType.Bool, DType.Int64, DType.Int64)]
    [TestCase(DType.Bool, DType.Float32, DType.Float32)]
    public void Types_meet_as_in_PyTorch(DType a, DType b, DType expected)
    {
        using var scope = Scope.Open();
        Assert.That((Tensor.Ones([2], a) + Tensor.Ones([2], b)).DType, Is.EqualTo(expected));
        Assert.That((Tensor.Ones([2], b) * Tensor.Ones([2], a)).DType, Is.EqualTo(expected));
        Assert.That(Tensor.Concat(0, Tensor.Ones([2], b), Tensor.Ones([2], a)).DType, Is.EqualTo(expected));
    }

    [Test]
    public void Integers_stay_integers_until_a_fraction_or_a_division()
    {
        using var scope = Scope.Open();
        var x = Tensor.From(7L, -2L);
        Assert.That((x * 2 - 1).ToArray<long>(), Is.EqualTo(new[] { 13, -5 }));
        Assert.That((10 - x).ToArray<long>(), Is.EqualTo(new[] { 3, 12 }));
        Assert.That((-x).Abs().ToArray<long>(), Is.EqualTo(new[] { 7, 2 }));
        Assert.That(x.Clamp(0, 5).ToArray<long>(), Is.EqualTo(new[] { 5, 0 }));
        Assert.That((Tensor.From(true, false) * 2).ToArray<long>(), Is.EqualTo(new[] { 2, 0 }));
        Assert.That((x + 0.5).ToArray<float>(), Is.EqualTo(new[] { 7.5f, -1.5f }));
        Assert.That((x / 2).ToArray<float>(), Is.EqualTo(new[] { 3.5f, -1f }));
        Assert.That((1 / x).ToArray<float>(), Is.EqualTo(new[] { 1f / 7, -0.5f }));
        Assert.That(x.Greater(0.5).ToArray<bool>(), Is.EqualTo(new[] { true, false }));
        Assert.That((Tensor.From<byte>([250]) + Tensor.From<byte>([10])).ToArray<byte>(), Is.EqualTo(new byte[] { 4 }));
    }

    [Test]
    public void Truth_values_combine()
    {
        using var scope = Scope.Open();
        var (a, b) = (Tensor.From(true, true, false, false), Tensor.From(true, false, true, false));
        Assert.That((a & b).ToArray<bool>(), Is.EqualTo(new[] { true, false, false, false }));
        Assert.That((a | b).ToArray<bool>(), Is.EqualTo(new[] { true, true, true, false }));
        Assert.That((a ^ b).ToArray<bool>(), Is.EqualTo(new[] { false, true, true, false }));
        Assert.That((!a).ToArray<bool>(), Is.EqualTo(new[] { false, false, true, true }));
    }

    [Test]
    public void Gradients_come_back_in_the_operand_s_shape_and_type()
    {
        using var scope = Scope.Open();
        var x = Tensor.Ones([2, 3], DType.Float16);
        var bias = Tensor.Ones([3]);
        (x.RequiresGrad, bias.RequiresGrad) = (true, true);
        (x * bias).Sum().Backward();
        Assert.That((x.Grad!.Shape, x.Grad!.DType), Is.EqualTo((x.Shape, DType.Float16)));
        Assert.That(bias.Grad!.ToArray<float>(), Is.EqualTo(new[] { 2f, 2, 2 }));
    }

    [Test]
    public void A_product_keeps_only_what_the_wanted_gradient_needs()
    {
        using var scope = Scope.Open();
        var (x, constant) = (Tensor.Ones([4]), Tensor.Full([4], 3));
        x.RequiresGrad = true;
        var y = x * constant;
        // Changing x is allowed: only the constant is needed.
        x.AsSpan<float>().Fill(100);
        x.Storage.MarkChanged();
        y.Sum().Backward();
        Assert.That(x.Grad!.ToArray<float>(), Has.All.EqualTo(3));
    }

    [Test]
    public void Creation_gives_what_its_name_says()
    {
        using var scope = Scope.Open();
        Assert.That(Tensor.Arange(4).ToArray<long>(), Is.EqualTo(new[] { 0, 1, 2, 3 }));
        Assert.That(Tensor.Arange(1, 2, 0.4).ToArray<float>(), Is.EqualTo(new[] { 1f, 1.4f, 1.8f }));
        Assert.That(Tensor.Arange(3, 0, -2).ToArray<float>(), Is.EqualTo(new[] { 3f, 1f }));
        Assert.That(() => Tensor.Arange(0, 1, -1), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(Tensor.Linspace(-1, 1, 5).ToArray<float>(), Is.EqualTo(new[] { -1f, -0.5f, 0, 0.5f, 1 }));
        Assert.That(Tensor.Linspace(0, 0.1, 4, DType.Float64).ToArray<double>()[^1], Is.EqualTo(0.1));
        Assert.That(Tensor.Linspace(5, 6, 1).ToArray<float>(), Is.EqualTo(new[] { 5f }));
        Assert.That(Tensor.Eye(2, 3).ToArray<float>(), Is.EqualTo(new[] { 1f, 0, 0, 0, 1, 0 }));
        Assert.That(Tensor.Full([2], 2.7, DType.Int32).ToArray<int>(), Is.EqualTo(new[] { 2, 2 }));
        Assert.That(Tensor.Full([1], 1, DType.BFloat16).ToArray<BFloat16>()[0], Is.EqualTo((BFloat16)1f));
        Assert.That(Tensor.OnesLike(Tensor.Zeros([2], DType.Bool)).ToArray<bool>(), Has.All.True);
    }
}
