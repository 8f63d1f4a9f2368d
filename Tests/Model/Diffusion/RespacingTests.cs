using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests.Model.Diffusion;

public class RespacingTests
{
    [TestCase("", 4, new[] { 0, 1, 2, 3 })]
    [TestCase("3", 10, new[] { 0, 4, 9 })]
    [TestCase("1", 10, new[] { 0 })]
    [TestCase("10", 10, new[] { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 })]
    [TestCase("2, 3", 11, new[] { 0, 5, 6, 8, 10 })]
    [TestCase("1,1,1", 10, new[] { 0, 4, 7 })]
    [TestCase("ddim4", 10, new[] { 0, 3, 6, 9 })]
    [TestCase("ddim5", 10, new[] { 0, 2, 4, 6, 8 })]
    [TestCase("ddim10", 10, new[] { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 })]
    [TestCase("ddim1", 10, new[] { 0 })]
    public void Takes_these_steps(string respacing, int steps, int[] expected)
    {
        Assert.That(Respacing.Parse(respacing, steps), Is.EqualTo(expected));
    }

    [Test]
    public void Halves_are_rounded_to_even()
    {
        // Section 0 … 5, three steps: a stride of 2.5.
        Assert.That(Respacing.Parse("3", 6), Is.EqualTo([0, 2, 5]));
        Assert.That(Respacing.Parse("3", 4), Is.EqualTo([0, 2, 3]));
    }

    [TestCase("ddim7", 10)]
    [TestCase("11", 10)]
    [TestCase("4,6", 9)]
    [TestCase("fast", 10)]
    [TestCase("ddim", 10)]
    [TestCase("5,", 10)]
    [TestCase("-5", 10)]
    [TestCase("0", 10)]
    public void Refuses_what_cannot_be_taken(string respacing, int steps)
    {
        Assert.That(() => Respacing.Parse(respacing, steps), Throws.ArgumentException);
    }
}
