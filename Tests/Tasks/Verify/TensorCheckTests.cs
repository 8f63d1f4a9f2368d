using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

internal sealed class TensorCheckTests
{
    private static readonly Tolerance tolerance = new(0.1, 0.01);

    [Test]
    public void The_share_is_of_the_absolute_and_the_relative_part_together()
    {
        var check = TensorCheck.Compare("y", Tensor.From(100f, 1f), Tensor.From(100.55f, 1f), tolerance);
        Assert.That(check.Passed);
        Assert.That(check.Share, Is.EqualTo(0.5).Within(1e-4));
    }

    [Test]
    public void The_worst_element_is_named_and_the_others_are_counted()
    {
        var (expected, found) = (Tensor.From([1f, 2, 3, 4], [2, 2]), Tensor.From([1f, 2.5f, 5, 4], [2, 2]));
        var check = TensorCheck.Compare("y", expected, found, tolerance);
        Assert.That(check.Problem, Does.StartWith("y[1, 0]: expected 3, found 5"));
        Assert.That(check.Problem, Does.EndWith("(2 of 4 elements differ)"));
    }

    [TestCase(float.NaN, float.NaN, true)]
    [TestCase(float.PositiveInfinity, float.PositiveInfinity, true)]
    [TestCase(1f, float.NaN, false)]
    [TestCase(float.NaN, 1f, false)]
    [TestCase(float.PositiveInfinity, float.NegativeInfinity, false)]
    [TestCase(0f, -0f, true)]
    public void Special_values_equal_only_themselves(float expected, float found, bool passes) => Assert.That(
        TensorCheck.Compare("y", Tensor.From(expected), Tensor.From(found), tolerance).Passed, Is.EqualTo(passes));

    [Test]
    public void Integers_are_exact_beyond_what_a_double_holds()
    {
        var (expected, found) = (Tensor.From((1L << 53) + 1), Tensor.From(1L << 53));
        Assert.That(TensorCheck.Compare("y", expected, found, Tolerance.Exact).Passed, Is.False);
        Assert.That(TensorCheck.Compare("y", expected, expected, Tolerance.Exact).Passed);
    }

    [Test]
    public void Another_shape_or_kind_of_number_fails()
    {
        Assert.That(TensorCheck.Compare("y", Tensor.From(1f, 2f), Tensor.From([1f, 2f], [1, 2]), tolerance).Problem,
            Does.Contain("[2]").And.Contain("[1, 2]"));
        Assert.That(TensorCheck.Compare("y", Tensor.From(1f), Tensor.From(1L), tolerance).Passed, Is.False);
    }

    [Test]
    public void Bytes_may_differ_by_one_level()
    {
        var rule = Tolerance.Of(TensorSpec.Unknown, Tensor.From((byte)7), 0);
        Assert.That(TensorCheck.Compare("y", Tensor.From((byte)7), Tensor.From((byte)8), rule).Passed);
        Assert.That(TensorCheck.Compare("y", Tensor.From((byte)7), Tensor.From((byte)9), rule).Passed, Is.False);
    }

    [Test]
    public void Without_a_recommendation_the_formula_of_the_folder_rules()
    {
        var spec = new TensorSpec(DType.Float32, null, null, null, SingleError: 6.64e-07, Largest: 3.209);
        var rule = Tolerance.Of(spec, Tensor.From(1f), 0);
        Assert.That(rule.Absolute, Is.EqualTo(2e-5).Within(1e-12));
        Assert.That(rule.Relative, Is.EqualTo(1e-4));
        Assert.That(Tolerance.Of(TensorSpec.Unknown, Tensor.From(1.0), 0), Is.EqualTo(new Tolerance(0, 1e-10)));
    }

    [TestCase(1.2e-5, 2e-5)]
    [TestCase(3e-5, 3e-5)]
    [TestCase(0.91, 1.0)]
    public void Tolerances_are_rounded_up_to_one_digit(double value, double rounded) =>
        Assert.That(Tolerance.RoundUp(value), Is.EqualTo(rounded).Within(1e-12));

    [TestCase("ops/*", "ops/conv2d_k1", true)]
    [TestCase("*conv*", "ops/conv2d_k1", true)]
    [TestCase("conv*", "ops/conv2d_k1", false)]
    [TestCase("ops/conv?d*", "ops/conv2d_k1", true)]
    [TestCase("{io,ops}/*", "ops/conv2d_k1", true)]
    [TestCase("*[!0-9]", "ops/conv2d_k1", false)]
    [TestCase("*[0-9]", "ops/conv2d_k1", true)]
    [TestCase("a.b", "axb", false)]
    public void Globs(string pattern, string name, bool matches) =>
        Assert.That(new Glob(pattern).Matches(name), Is.EqualTo(matches));
}
