using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Reduce;

/// <summary>What the op table's rows do not say of reductions: accuracy, NaN, ties, nothing.</summary>
public sealed class ReductionTests
{
    // A float that takes them in one by one would stop at 2²⁴.
    [Test]
    public void Long_sums_are_exact_where_floats_would_stop()
    {
        using var scope = Scope.Open();
        const int n = 20_000_000;
        Assert.That(Tensor.Ones([n]).Sum().Item<float>(), Is.EqualTo(n));
        Assert.That(Tensor.Full([n / 4, 4], 0.1).Mean(0).ToArray<float>(), Has.All.EqualTo(0.1f));
    }

    [Test]
    public void Variance_does_not_cancel()
    {
        using var scope = Scope.Open();
        var x = Tensor.From([10_000f, 10_001f, 10_002f]);
        Assert.That(x.Var().Item<float>(), Is.EqualTo(1));
        Assert.That(x.Var(unbiased: false).Item<float>(), Is.EqualTo(2f / 3).Within(1e-7));
        Assert.That(Tensor.From(3f).Var().Item<float>(), Is.NaN, "one number has no unbiased variance");
    }

    [Test]
    public void Nan_wins_every_choice_and_spoils_every_sum()
    {
        using var scope = Scope.Open();
        var x = Tensor.From([1f, float.NaN, 3f, float.NaN]);
        Assert.That(x.Max().Item<float>(), Is.NaN);
        Assert.That(x.Min().Item<float>(), Is.NaN);
        Assert.That(x.ArgMax().Item<long>(), Is.EqualTo(1));
        Assert.That(x.ArgMin().Item<long>(), Is.EqualTo(1));
        Assert.That(x.Sum().Item<float>(), Is.NaN);
        Assert.That(x.TopK(3).Indices.ToArray<long>(), Is.EqualTo(new[] { 1, 3, 2 }));
        Assert.That(x.Maximum(2).ToArray<float>(), Is.EqualTo(new[] { 2f, float.NaN, 3f, float.NaN }));
    }

    [Test]
    public void The_first_of_equals_is_chosen_and_gets_the_gradient()
    {
        using var scope = Scope.Open();
        var x = Tensor.From([2f, 5f, 5f, 1f, 1f, 5f], [2, 3]);
        x.RequiresGrad = true;
        Assert.That(x.ArgMax(1).ToArray<long>(), Is.EqualTo(new[] { 1, 2 }));
        Assert.That(x.ArgMin(1).ToArray<long>(), Is.EqualTo(new[] { 0, 0 }));
        x.Max().Backward();
        Assert.That(x.Grad!.ToArray<float>(), Is.EqualTo(new[] { 0f, 1, 0, 0, 0, 0 }));
        Assert.That(x.TopK(2).Indices.ToArray<long>(), Is.EqualTo(new[] { 1, 2, 2, 0 }));
    }

    [Test]
    public void Nothing_has_a_sum_but_no_mean()
    {
        using var scope = Scope.Open();
        var none = Tensor.Zeros([0, 3]);
        Assert.That(none.Sum(0).ToArray<float>(), Is.EqualTo(new[] { 0f, 0, 0 }));
        Assert.That(none.Mean().Item<float>(), Is.NaN);
        Assert.That(none.Less(1).All().Item<bool>(), Is.True);
        Assert.That(none.Less(1).Any().Item<bool>(), Is.False);
        Assert.That(none.Max(1).Count, Is.Zero);
    }

    [Test]
    public void The_gradient_of_a_zero_vector_s_length_is_zero()
    {
        using var scope = Scope.Open();
        var x = Tensor.From([0f, 0f, 3f, 4f], [2, 2]);
        x.RequiresGrad = true;
        var length = x.Norm2([1]);
        Assert.That(length.ToArray<float>(), Is.EqualTo(new[] { 0f, 5f }));
        length.Sum().Backward();
        Assert.That(x.Grad!.ToArray<float>(), Is.EqualTo(new[] { 0f, 0f, 0.6f, 0.8f }));
    }

    [Test]
    public void Masks_are_counted_in_64_bits()
    {
        using var scope = Scope.Open();
        var count = Tensor.Full([1000, 3], 1, DType.Bool).Sum(0);
        Assert.That(count.DType, Is.EqualTo(DType.Int64));
        Assert.That(count.ToArray<long>(), Is.EqualTo(new[] { 1000, 1000, 1000 }));
        Assert.That(Tensor.Full([300], 255, DType.UInt8).Sum().Item<long>(), Is.EqualTo(76_500));
    }
}
