using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Engine;

/// <summary>What a person sees of a tensor.</summary>
public sealed class TensorTextTests
{
    [Test]
    public void Columns_are_aligned_and_all_numbers_are_written_one_way() =>
        Assert.That(Body(Tensor.From([0.5f, -12.25f, 3f, 100f], [2, 2])), Is.EqualTo("""
            [[  0.5000, -12.2500],
             [  3.0000, 100.0000]]
            """.ReplaceLineEndings("\n")));

    [Test]
    public void Whole_numbers_have_no_decimals() =>
        Assert.That(Body(Tensor.From(1f, -2f, float.NaN, float.PositiveInfinity)),
            Is.EqualTo("[      1.,      -2.,      NaN, Infinity]"));

    [Test]
    public void Magnitudes_far_apart_are_powers_of_ten() =>
        Assert.That(Body(Tensor.From(1e-5, 2.5, 1e6)), Is.EqualTo("[1.0000e-05, 2.5000e+00, 1.0000e+06]"));

    [Test]
    public void Integers_and_truth_values()
    {
        Assert.That(Body(Tensor.From([long.MaxValue, -1], [2])),
            Is.EqualTo("[9223372036854775807,                  -1]"));
        Assert.That(Body(Tensor.From([true, false], [2, 1])), Is.EqualTo("[[ true],\n [false]]"));
        Assert.That(Body(Tensor.From<byte>([7, 255], [2])), Is.EqualTo("[  7, 255]"));
    }

    [Test]
    public void A_single_value_has_no_brackets() =>
        Assert.That(Tensor.From([2.5f], Shape.Scalar).ToString(), Is.EqualTo("Tensor [] Float32 cpu\n2.5000"));

    [Test]
    public void Long_axes_are_abridged()
    {
        var text = Body(Tensor.From([.. Enumerable.Range(0, 3000)], [3000]));
        Assert.That(text, Is.EqualTo("[   0,    1,    2, ..., 2997, 2998, 2999]"));
    }

    [Test]
    public void Matrices_of_a_stack_are_set_apart()
    {
        var text = Body(Tensor.From([1, 2, 3, 4], [2, 1, 2]));
        Assert.That(text, Is.EqualTo("[[[1, 2]],\n\n [[3, 4]]]"));
    }

    [Test]
    public void Long_rows_are_broken()
    {
        var lines = Body(Tensor.From([.. Enumerable.Repeat(1000, 60)], [60])).Split('\n');
        Assert.That(lines, Has.Length.GreaterThan(1));
        Assert.That(lines.Max(l => l.Length), Is.LessThanOrEqualTo(100));
    }

    [Test]
    public void Strides_are_followed()
    {
        var tensor = Tensor.From([1, 2, 3, 4, 5, 6], [2, 3]);
        Assert.That(Body(tensor.Window([3, 2], 0, [1, 3])), Is.EqualTo("[[1, 4],\n [2, 5],\n [3, 6]]"));
    }

    [Test]
    public void Nothing_and_what_is_gone()
    {
        Assert.That(Body(Tensor.From<float>([], [0, 3])), Is.EqualTo("[]"));
        var tensor = Tensor.From(1f);
        tensor.Dispose();
        Assert.That(tensor.ToString(), Is.EqualTo("Tensor (disposed)"));
    }

    private static string Body(Tensor tensor)
    {
        using (tensor)
        {
            var text = tensor.ToString();
            return text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..];
        }
    }
}
