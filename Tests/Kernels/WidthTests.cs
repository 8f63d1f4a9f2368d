using System.Runtime.InteropServices;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

/// <summary>The arithmetic again without wide vectors, in processes that the runtime's switches keep from using what
/// the processor has.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class WidthTests
{
    private const int LeastTests = 1000;

    // What such a process says of itself, and the switch. Without AVX there is no fused multiply-add either.
    private const string Sse = "floats 4, 256 bits False, fused False", SseSwitch = "EnableAVX=0";
    private const string Scalar = "floats 1, 256 bits False, fused False", ScalarSwitch = "EnableHWIntrinsic=0";
    private const string Narrow = "floats 4, 256 bits False, fused True", NarrowSwitch = "PreferredVectorBitWidth=128";

    [SetUp]
    public void SwitchesExist()
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64) Assert.Ignore("the switches are those of x64");
    }

    [TestCase(SseSwitch, Sse)]
    [TestCase(ScalarSwitch, Scalar)]
    public void The_arithmetic_is_right_with(string setting, string widths)
    {
        var lines = WidthChild.Start(setting, nameof(WidthChild.Tests));
        Assert.That(lines[0], Is.EqualTo(widths), "the switch had no effect");
        Assert.That(lines[1..^1], Is.Empty, string.Join('\n', lines));
        Assert.That(int.Parse(lines[^1]["passed ".Length..]), Is.GreaterThan(LeastTests));
    }

    [Test]
    public void Where_products_are_rounded_the_width_does_not_change_a_bit()
    {
        var sse = WidthChild.Start(SseSwitch, nameof(WidthChild.Bits));
        var scalar = WidthChild.Start(ScalarSwitch, nameof(WidthChild.Bits));
        Assert.That((sse[0], scalar[0]), Is.EqualTo((Sse, Scalar)), "the switch had no effect");
        Assert.That(scalar[1..], Is.EqualTo(sse[1..]).And.Not.Empty);
    }

    [Test]
    public void Where_products_are_not_rounded_the_width_does_not_change_a_bit()
    {
        if (!WidthChild.Fuses) Assert.Ignore("this process rounds products");
        var narrow = WidthChild.Start(NarrowSwitch, nameof(WidthChild.Bits));
        Assert.That(narrow[0], Is.EqualTo(Narrow), "the switch had no effect");
        Assert.That(narrow[1..], Is.EqualTo(WidthChild.Bits()).And.Not.Empty);
    }
}
