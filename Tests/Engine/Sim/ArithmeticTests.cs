using Diffract.Engine.Sim;
using NUnit.Framework;
using static Diffract.Tests.Engine.Sim.Lab;

namespace Diffract.Tests.Engine.Sim;

/// <summary>Every arithmetic instruction, with numbers whose result the PTX manual gives or that follows from it.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class ArithmeticTests
{
    private static IEnumerable<TestCaseData> Integers()
    {
        yield return Case("add.s32 %d, %a, %b;", 32, 3, S(-5) & Low, S(-2) & Low);
        yield return Case("add.u32 %d, %a, %b;", 32, Low, 2, 1);
        yield return Case("add.sat.s32 %d, %a, %b;", 32, 0x7FFFFFF0, 0x100, 0x7FFFFFFF);
        yield return Case("sub.s64 %d, %a, %b;", 64, 1, 2, S(-1));
        yield return Case("sub.sat.s32 %d, %a, %b;", 32, 0x80000000, 1, 0x80000000);
        yield return Case("mul.lo.s32 %d, %a, %b;", 32, S(-3) & Low, 7, S(-21) & Low);
        yield return Case("mul.hi.u32 %d, %a, %b;", 32, 0x80000000, 6, 3);
        yield return Case("mul.hi.s32 %d, %a, %b;", 32, 0x80000000, 2, Low);
        yield return Case("mul.hi.u64 %d, %a, %b;", 64, 1UL << 63, 6, 3);
        yield return Case("mul.hi.s64 %d, %a, %b;", 64, S(-1), 5, S(-1));
        yield return Case("div.s32 %d, %a, %b;", 32, S(-7) & Low, 2, S(-3) & Low);
        yield return Case("div.u32 %d, %a, %b;", 32, S(-7) & Low, 2, 0x7FFFFFFC);
        yield return Case("div.s32 %d, %a, %b;", 32, 0x80000000, Low, 0x80000000);
        yield return Case("rem.s32 %d, %a, %b;", 32, S(-7) & Low, 2, S(-1) & Low);
        yield return Case("rem.u64 %d, %a, %b;", 64, 23, 7, 2);
        yield return Case("min.s32 %d, %a, %b;", 32, S(-7) & Low, 2, S(-7) & Low);
        yield return Case("min.u32 %d, %a, %b;", 32, S(-7) & Low, 2, 2);
        yield return Case("max.s64 %d, %a, %b;", 64, S(-7), 2, 2);
        yield return Case("and.b32 %d, %a, %b;", 32, 0b1100, 0b1010, 0b1000);
        yield return Case("or.b32 %d, %a, %b;", 32, 0b1100, 0b1010, 0b1110);
        yield return Case("xor.b64 %d, %a, %b;", 64, 0b1100, 0b1010, 0b0110);
        yield return Case("shl.b32 %d, %a, 4;", 32, 0xF0000001, 0, 0x10);
        yield return Case("shl.b32 %d, %a, 32;", 32, 1, 0, 0);
        yield return Case("shr.u32 %d, %a, 4;", 32, 0xF0000001, 0, 0x0F000000);
        yield return Case("shr.s32 %d, %a, 4;", 32, 0xF0000001, 0, 0xFF000000);
        yield return Case("shr.s32 %d, %a, 99;", 32, 0x80000000, 0, Low);
        yield return Case("abs.s32 %d, %a;", 32, S(-5) & Low, 0, 5);
        yield return Case("neg.s32 %d, %a;", 32, 5, 0, S(-5) & Low);
        yield return Case("not.b32 %d, %a;", 32, 5, 0, ~5UL & Low);
        yield return Case("cnot.b32 %d, %a;", 32, 0, 0, 1);
        yield return Case("brev.b32 %d, %a;", 32, 0b0110, 0, 0x60000000);
        yield return Case("mad.lo.s32 %d, %a, %b, %a;", 32, 4, 5, 24);
        yield return Case("mad.hi.u32 %d, %a, %b, %b;", 32, 0x80000000, 6, 9);
        yield return Case("sad.s32 %d, %a, %b, %a;", 32, 4, 9, 9);
        // bfe: bits 4 to 7; as a signed number their top bit is the sign.
        yield return Case("bfe.u32 %d, %a, 4, 4;", 32, 0x1A5, 0, 0xA);
        yield return Case("bfe.s32 %d, %a, 4, 4;", 32, 0x1A5, 0, S(-6) & Low);
        yield return Case("bfi.b32 %d, %a, %b, 8, 4;", 32, 0xF, 0, 0xF00);
        yield return Case("bfi.b32 %d, %a, %b, 8, 4;", 32, 0x3, 0xFFFF, 0xF3FF);
        yield return Case("shf.l.wrap.b32 %d, %a, %b, 8;", 32, 0xAABBCCDD, 0x11223344, 0x223344AA);
        yield return Case("shf.r.wrap.b32 %d, %a, %b, 8;", 32, 0xAABBCCDD, 0x11223344, 0x44AABBCC);
        yield return Case("prmt.b32 %d, %a, %b, 0x5410;", 32, 0x33221100, 0x77665544, 0x55441100);
        yield return Case("prmt.b32 %d, %a, %b, 0x000B;", 32, 0x80221100, 0, 0x000000FF);
        yield return Case("lop3.b32 %d, %a, %b, %a, 0xC0;", 32, 0b1100, 0b1010, 0b1000);
        yield return Case("selp.b32 %d, %a, %b, 1;", 32, 7, 9, 7);
    }

    [TestCaseSource(nameof(Integers))]
    public void Integer(string instruction, string type, ulong a, ulong b, ulong expected) =>
        Assert.That(One(instruction, type, type, a, b), Is.EqualTo(expected));

    [TestCase("mul.wide.s32 %d, %a, %b;", "b64", "b32", 0xFFFFFFFFUL, 3UL, 0xFFFFFFFFFFFFFFFDUL)]
    [TestCase("mul.wide.u32 %d, %a, %b;", "b64", "b32", 0xFFFFFFFFUL, 3UL, 0x2FFFFFFFDUL)]
    [TestCase("mul.wide.u16 %d, %a, %b;", "b32", "b16", 0xFFFFUL, 3UL, 0x2FFFDUL)]
    [TestCase("popc.b32 %d, %a;", "b32", "b32", 0xF0F0UL, 0UL, 8UL)]
    [TestCase("clz.b32 %d, %a;", "b32", "b32", 0x10UL, 0UL, 27UL)]
    [TestCase("clz.b64 %d, %a;", "b32", "b64", 0UL, 0UL, 64UL)]
    [TestCase("bfind.u32 %d, %a;", "b32", "b32", 0x10UL, 0UL, 4UL)]
    [TestCase("bfind.s32 %d, %a;", "b32", "b32", 0xFFFFFFFFUL, 0UL, 0xFFFFFFFFUL)]
    [TestCase("bfind.shiftamt.u32 %d, %a;", "b32", "b32", 0x10UL, 0UL, 27UL)]
    [TestCase("cvt.s32.s8 %d, %a;", "b32", "b32", 0x80UL, 0UL, 0xFFFFFF80UL)]
    [TestCase("cvt.u32.u8 %d, %a;", "b32", "b32", 0x180UL, 0UL, 0x80UL)]
    [TestCase("cvt.sat.u8.s32 %d, %a;", "b32", "b32", 0x180UL, 0UL, 0xFFUL)]
    [TestCase("cvt.s64.s32 %d, %a;", "b64", "b32", 0xFFFFFFFEUL, 0UL, 0xFFFFFFFFFFFFFFFEUL)]
    [TestCase("cvt.u32.u64 %d, %a;", "b32", "b64", 0x1FFFFFFFEUL, 0UL, 0xFFFFFFFEUL)]
    [TestCase("mov.b64 %d, {%a, %b};", "b64", "b32", 1UL, 2UL, 0x200000001UL)]
    [TestCase("{ .reg .b32 %h; mov.b64 {%d, %h}, %a; }", "b32", "b64", 0x200000001UL, 0UL, 1UL)]
    public void Width_changes(string instruction, string target, string source, ulong a, ulong b, ulong expected) =>
        Assert.That(One(instruction, target, source, a, b), Is.EqualTo(expected));

    private static IEnumerable<TestCaseData> Floats()
    {
        const float tiny = 1e-40f;
        yield return Case("add.f32 %d, %a, %b;", 1.5f, 2.25f, 3.75f);
        yield return Case("add.rn.f32 %d, %a, %b;", 1f, 5.9604645e-8f, 1f);
        yield return Case("add.ftz.f32 %d, %a, %b;", tiny, tiny, 0f);
        yield return Case("add.f32 %d, %a, %b;", tiny, tiny, 2 * tiny);
        yield return Case("add.sat.f32 %d, %a, %b;", 0.75f, 0.5f, 1f);
        yield return Case("sub.f32 %d, %a, %b;", 1f, float.PositiveInfinity, float.NegativeInfinity);
        yield return Case("mul.f32 %d, %a, %b;", 3f, -4f, -12f);
        yield return Case("div.rn.f32 %d, %a, %b;", 1f, 3f, 1f / 3f);
        yield return Case("fma.rn.f32 %d, %a, %b, %a;", 1f + 1.1920929e-7f, 1f - 1.1920929e-7f,
            MathF.FusedMultiplyAdd(1f + 1.1920929e-7f, 1f - 1.1920929e-7f, 1f + 1.1920929e-7f));
        yield return Case("mad.rn.f32 %d, %a, %b, %b;", 2f, 3f, 9f);
        yield return Case("min.f32 %d, %a, %b;", float.NaN, 2f, 2f);
        yield return Case("min.NaN.f32 %d, %a, %b;", float.NaN, 2f, float.NaN);
        yield return Case("max.f32 %d, %a, %b;", -0f, 0f, 0f);
        yield return Case("max.f32 %d, %a, %b;", 7f, 2f, 7f);
        yield return Case("abs.f32 %d, %a;", -3f, 0f, 3f);
        yield return Case("neg.f32 %d, %a;", 0f, 0f, -0f);
        yield return Case("copysign.f32 %d, %a, %b;", -1f, 5f, -5f);
        yield return Case("sqrt.rn.f32 %d, %a;", 2f, 0f, MathF.Sqrt(2f));
        yield return Case("rcp.rn.f32 %d, %a;", 3f, 0f, 1f / 3f);
        yield return Case("rsqrt.approx.f32 %d, %a;", 4f, 0f, 0.5f);
        yield return Case("ex2.approx.f32 %d, %a;", 3f, 0f, 8f);
        yield return Case("lg2.approx.f32 %d, %a;", 8f, 0f, 3f);
        yield return Case("cvt.rni.f32.f32 %d, %a;", 2.5f, 0f, 2f);
        yield return Case("cvt.rmi.f32.f32 %d, %a;", -2.5f, 0f, -3f);
        yield return Case("cvt.rpi.f32.f32 %d, %a;", -2.5f, 0f, -2f);
        yield return Case("cvt.sat.f32.f32 %d, %a;", -2.5f, 0f, 0f);
    }

    [TestCaseSource(nameof(Floats))]
    public void Float(string instruction, float a, float b, float expected)
    {
        var found = One(instruction, "b32", "b32", F(a), F(b));
        Assert.That(float.IsNaN(expected) ? float.IsNaN(BitConverter.UInt32BitsToSingle((uint)found))
            : found == F(expected), $"{BitConverter.UInt32BitsToSingle((uint)found)}");
    }

    [TestCase(1.5, 0x3FC0)]
    [TestCase(1.00390625, 0x3F80)]
    [TestCase(1.01171875, 0x3F82)]
    public void BFloat16_rounds_to_nearest_even(double value, int expected) =>
        Assert.That(One("cvt.rn.bf16.f32 %d, %a;", "b16", "b32", F((float)value)), Is.EqualTo((ulong)expected));

    [Test]
    public void Pairs_of_halves_are_packed_with_the_first_above()
    {
        Assert.That(One("cvt.rn.f16x2.f32 %d, %a, %b;", "b32", "b32", F(1), F(2)), Is.EqualTo(H(1) << 16 | H(2)));
        Assert.That(One("cvt.rn.bf16x2.f32 %d, %a, %b;", "b32", "b32", F(1), F(2)), Is.EqualTo(0x3F804000UL));
        Assert.That(One("add.f16x2 %d, %a, %b;", "b32", "b32", H(1) << 16 | H(2), H(3) << 16 | H(4)),
            Is.EqualTo(H(4) << 16 | H(6)));
        Assert.That(One("fma.rn.f16x2 %d, %a, %b, %a;", "b32", "b32", H(1) << 16 | H(2), H(3) << 16 | H(4)),
            Is.EqualTo(H(4) << 16 | H(10)));
    }

    [TestCase("cvt.rzi.s32.f32 %d, %a;", -2.75f, -2)]
    [TestCase("cvt.rni.s32.f32 %d, %a;", 2.5f, 2)]
    [TestCase("cvt.rzi.s32.f32 %d, %a;", 1e20f, int.MaxValue)]
    [TestCase("cvt.rzi.s32.f32 %d, %a;", float.NaN, 0)]
    public void Float_to_integer_saturates(string instruction, float a, int expected) =>
        Assert.That((int)One(instruction, "b32", "b32", F(a)), Is.EqualTo(expected));

    [Test]
    public void Integers_become_the_nearest_float()
    {
        Assert.That(One("cvt.rn.f32.s32 %d, %a;", "b32", "b32", S(-16777217) & Low), Is.EqualTo(F(-16777216f)));
        Assert.That(One("cvt.rn.f32.u32 %d, %a;", "b32", "b32", Low), Is.EqualTo(F(4294967296f)));
        Assert.That(One("cvt.rn.f64.s64 %d, %a;", "b64", "b64", S(-3)), Is.EqualTo(D(-3)));
        Assert.That(One("cvt.rn.f16.f64 %d, %a;", "b16", "b64", D(1.0 / 3)), Is.EqualTo(H(1.0 / 3)));
        Assert.That(One("cvt.f64.f32 %d, %a;", "b64", "b32", F(0.1f)), Is.EqualTo(D(0.1f)));
    }

    [TestCase("setp.lt.f32 %p, %a, %b;", 1f, 2f, true)]
    [TestCase("setp.lt.f32 %p, %a, %b;", float.NaN, 2f, false)]
    [TestCase("setp.ltu.f32 %p, %a, %b;", float.NaN, 2f, true)]
    [TestCase("setp.ne.f32 %p, %a, %b;", float.NaN, 2f, false)]
    [TestCase("setp.neu.f32 %p, %a, %b;", float.NaN, float.NaN, true)]
    [TestCase("setp.num.f32 %p, %a, %b;", 1f, 2f, true)]
    [TestCase("setp.gt.f32 %q, %a, %b; setp.lt.and.f32 %p, %a, %b, %q;", 1f, 2f, false)]
    [TestCase("setp.gt.f32 %q, %a, %b; setp.lt.and.f32 %p, %a, %b, !%q;", 1f, 2f, true)]
    [TestCase("setp.gt.f32 %q|%p, %a, %b;", 1f, 2f, true)]
    public void Comparison(string instruction, float a, float b, bool expected) =>
        Assert.That(One(instruction, "pred", "b32", F(a), F(b)), Is.EqualTo(expected ? 1UL : 0UL));

    [TestCase("setp.lt.s32 %p, %a, %b;", true)]
    [TestCase("setp.lo.u32 %p, %a, %b;", false)]
    [TestCase("setp.hs.u32 %p, %a, %b;", true)]
    [TestCase("setp.eq.b32 %p, %a, %b;", false)]
    public void Comparison_of_minus_one_with_two(string instruction, bool expected) =>
        Assert.That(One(instruction, "pred", "b32", Low, 2), Is.EqualTo(expected ? 1UL : 0UL));

    [TestCase("frob.u32 %d, %a, %b;")]
    [TestCase("add.rz.f32 %d, %a, %b;")]
    [TestCase("add.s32 %d, %a, %nothing;")]
    [TestCase("mul.odd.s32 %d, %a, %b;")]
    public void What_is_not_known_is_an_error(string instruction) =>
        Assert.Throws<SimException>(() => One(instruction, "b32", "b32", 1, 2));

    private const ulong Low = 0xFFFFFFFF;

    private static TestCaseData Case(string instruction, int bits, ulong a, ulong b, ulong expected) =>
        new TestCaseData(instruction, $"b{bits}", a, b, expected).SetArgDisplayNames(instruction, $"{a:x}", $"{b:x}");

    private static TestCaseData Case(string instruction, float a, float b, float expected) =>
        new TestCaseData(instruction, a, b, expected).SetArgDisplayNames(instruction, $"{a}", $"{b}");
}
