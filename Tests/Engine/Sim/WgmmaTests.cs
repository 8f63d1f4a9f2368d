using Diffract.Engine.Sim;
using NUnit.Framework;
using static Diffract.Tests.Engine.Sim.Lab;

namespace Diffract.Tests.Engine.Sim;

/// <summary>Matrix products of four warps: operands laid out by hand as the manual's canonical layouts say, results
/// compared with sums.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class WgmmaTests
{
    private const int BAt = 32768;

    private static float A(int r, int k) => (r * 3 + k * 5) % 7 - 3;

    private static float B(int k, int c) => (k * 2 + c * 3) % 5 - 2;

    private static float C(int r, int c) => (r + 2 * c) % 9;

    private static IEnumerable<TestCaseData> Layouts()
    {
        foreach (var type in new[] { "f16", "bf16", "tf32" })
            foreach (var span in new[] { 0, 32, 64, 128 })
                foreach (var (turnedA, turnedB) in new[] { (false, false), (true, false), (false, true), (true, true) })
                    if (type != "tf32" || (!turnedA && !turnedB))
                        yield return new TestCaseData(type, span, turnedA, turnedB, 24);
        for (var n = 8; n <= 256; n += 8) yield return new TestCaseData("bf16", 128, false, false, n);
    }

    [TestCaseSource(nameof(Layouts))]
    public void A_product_is_the_sum_of_products(string type, int span, bool turnedA, bool turnedB, int n)
    {
        var depth = type == "tf32" ? 8 : 16;
        var a = new Operand(type, span, turnedA, 64, depth, (r, k) => A(r, k));
        var b = new Operand(type, span, turnedB, n, depth, (c, k) => B(k, c));
        var transposes = type == "tf32" ? "" : $", {(turnedA ? 1 : 0)}, {(turnedB ? 1 : 0)}";
        var found = Run(a, b, n, Product(type, n, depth, "%x4", $"1, 1, 1{transposes}"));
        for (var r = 0; r < 64; r++)
            for (var c = 0; c < n; c++)
                Assert.That(found[r, c], Is.EqualTo(
                    C(r, c) + Enumerable.Range(0, depth).Sum(k => A(r, k) * B(k, c))), $"({r}, {c})");
    }

    [TestCase("bf16", false)]
    [TestCase("f16", true)]
    [TestCase("tf32", false)]
    public void A_can_come_from_registers(string type, bool turnedB)
    {
        var depth = type == "tf32" ? 8 : 16;
        var each = depth / 8;
        // A lane's four registers as for m16n8k16 and m16n8k8: rows of lane / 4 and 8 more, then the second half of K.
        var registers = new uint[128 * 4];
        for (var t = 0; t < 128; t++)
            for (var i = 0; i < 4; i++)
                for (var e = 0; e < each; e++)
                    registers[4 * t + i] |= Bits(type, A(t / 32 * 16 + t % 32 / 4 + 8 * (i % 2),
                        t % 4 * each + e + 4 * each * (i / 2))) << (16 * e);
        var b = new Operand(type, 128, turnedB, 32, depth, (c, k) => B(k, c));
        var transposes = type == "tf32" ? "" : turnedB ? ", 1" : ", 0";
        var found = Run(null, b, 32, Product(type, 32, depth, "{%a0, %a1, %a2, %a3}", "1, 1, 1" + transposes),
            registers);
        for (var r = 0; r < 64; r++)
            for (var c = 0; c < 32; c++)
                Assert.That(found[r, c], Is.EqualTo(
                    C(r, c) + Enumerable.Range(0, depth).Sum(k => A(r, k) * B(k, c))), $"({r}, {c})");
    }

    [TestCase("0, 1, 1", 0, 1)]
    [TestCase("%p5, 1, 1", 0, 1)]
    [TestCase("!%p5, 1, 1", 1, 1)]
    [TestCase("1, -1, 1", 1, -1)]
    [TestCase("1, 1, -1", 1, -1)]
    [TestCase("1, -1, -1", 1, 1)]
    public void Signs_and_what_is_added_to(string scales, int adds, int sign)
    {
        var a = new Operand("bf16", 128, false, 64, 16, (r, k) => A(r, k));
        var b = new Operand("bf16", 128, false, 8, 16, (c, k) => B(k, c));
        var found = Run(a, b, 8, "setp.ne.u32 %p5, %r0, %r0;\n" + Product("bf16", 8, 16, "%x4", scales + ", 0, 0"));
        Assert.That(found[5, 3],
            Is.EqualTo(adds * C(5, 3) + sign * Enumerable.Range(0, 16).Sum(k => A(5, k) * B(k, 3))));
    }

    [Test]
    public void Steps_along_the_depth_move_within_the_swizzled_rows()
    {
        // K = 64: rows of 128 bytes, of which four products each take 32, two groups of two.
        var a = new Operand("bf16", 128, false, 64, 64, (r, k) => A(r, k));
        var b = new Operand("bf16", 128, false, 16, 64, (c, k) => B(k, c));
        var text = string.Concat(Enumerable.Range(0, 4).Select(i => Product("bf16", 16, 16, "%x4", "1, 1, 1, 0, 0",
            fence: i == 0, wait: false) + "add.u64 %x4, %x4, 2; add.u64 %x5, %x5, 2;\n"
            + (i % 2 == 1 ? "wgmma.commit_group.sync.aligned;\n" : "")));
        var found = Run(a, b, 16, text + "wgmma.wait_group.sync.aligned 1;\nwgmma.wait_group.sync.aligned 0;\n");
        for (var r = 0; r < 64; r++)
            for (var c = 0; c < 16; c++)
                Assert.That(found[r, c], Is.EqualTo(
                    C(r, c) + Enumerable.Range(0, 64).Sum(k => A(r, k) * B(k, c))), $"({r}, {c})");
    }

    private static IEnumerable<TestCaseData> Wrong()
    {
        yield return Case("wgmma.wait_group.sync.aligned 0;", "", "touched before it is waited for");
        yield return Case("wgmma.wait_group.sync.aligned 0;", "wgmma.wait_group.sync.aligned 1;", "touched before");
        yield return Case("wgmma.commit_group.sync.aligned;", "", "touched before");
        yield return Case("wgmma.fence.sync.aligned;", "", "no wgmma.fence");
        yield return Case("wgmma.fence.sync.aligned;", "wgmma.fence.sync.aligned; mov.f32 %d1, 0f00000000;",
            "no wgmma.fence follows");
        yield return Case("fence.proxy.async;", "", "fence.proxy.async must come in between");
        yield return Case("wgmma.wait_group.sync.aligned 0;",
            "st.shared.u32 [data], 0; wgmma.wait_group.sync.aligned 0;", "still reads");
        yield return Case("wgmma.wait_group.sync.aligned 0;",
            "st.shared.u32 [data+32768], 0; wgmma.wait_group.sync.aligned 0;", "still reads");
        yield return Case("bar.sync 0;", "", "shared byte");
        yield return Case("wgmma.fence", "@%p6 wgmma.fence", "whole warp");
        yield return Case("wgmma.mma_async", "add.u64 %x5, %x5, %x11; wgmma.mma_async", "lanes 0 and 1 give");
        yield return Case("wgmma.mma_async", "add.u64 %x5, %x5, %x12; wgmma.mma_async",
            "another warp of the warpgroup");
        yield return Case("wgmma.commit_group",
            "@%p7 bra SKIP; wgmma.commit_group.sync.aligned; SKIP: wgmma.commit_group", "warpgroup");
        yield return Case("wgmma.mma_async", "add.u64 %x5, %x5, 3000; wgmma.mma_async", "out of bounds");
        yield return Case("wgmma.mma_async", "add.u64 %x5, %x5, 1024; wgmma.mma_async", "nothing has written");
        yield return Case("f32.bf16.bf16", "f32.bf16.f16", "not known");
        yield return Case("m64n16k16", "m64n16k8", "not known");
        yield return Case("m64n16k16", "m64n24k16", "not known");
        yield return Case("p, 1, 1, 0, 0;", "p, 1, 1;", "not known");
        yield return Case("p, 1, 1, 0, 0;", "p, 1, 2, 0, 0;", "not known");
        yield return Case("p, 1, 1, 0, 0;", "2, 1, 1, 0, 0;", "not known");
        yield return Case("p, 1, 1, 0, 0;", "p, 1, 0, 0, 0;", "not known");

        static TestCaseData Case(string from, string to, string message) =>
            new TestCaseData(from, to, message).SetArgDisplayNames(to.Length == 0 ? "without " + from : to);
    }

    [TestCaseSource(nameof(Wrong))]
    public void Misuse_is_noticed(string from, string to, string message)
    {
        var a = new Operand("bf16", 128, false, 64, 16, (r, k) => A(r, k));
        var b = new Operand("bf16", 128, false, 16, 16, (c, k) => B(k, c));
        var product = Product("bf16", 16, 16, "%x4", "p, 1, 1, 0, 0");
        string Text(string body) => body.Replace(", p, 1", ", 1, 1", StringComparison.Ordinal);
        string Changed(string body)
        {
            // The last barrier and the last fence stand before the product.
            var end = body.IndexOf("st.global.f32", StringComparison.Ordinal);
            var at = body.LastIndexOf(from, end, StringComparison.Ordinal);
            return body[..at] + to + body[(at + from.Length)..];
        }
        Assert.That(() => Run(a, b, 16, product, change: Text), Throws.Nothing);
        Assert.That(() => Run(a, b, 16, product, change: body => Text(Changed(body))),
            Throws.TypeOf<SimException>().With.Message.Contains(message));
    }

    [Test]
    public void Nobody_leaves_before_the_product_is_waited_for() => Assert.That(() => Run(
        new Operand("bf16", 128, false, 64, 16, (r, k) => A(r, k)),
        new Operand("bf16", 128, false, 8, 16, (c, k) => B(k, c)), 8,
        Product("bf16", 8, 16, "%x4", "1, 1, 1, 0, 0", wait: false) + "exit;\n"),
        Throws.TypeOf<SimException>().With.Message.Contains("it ends before its matrix products"));

    [Test]
    public void Other_targets_have_none() => Assert.That(() => SimProgram.Load(
        Text("wgmma.fence.sync.aligned;", 0, target: "sm_90")),
        Throws.TypeOf<SimException>().With.Message.Contains("sm_90a"));

    private static string Product(string type, int n, int depth, string a, string rest, bool fence = true,
        bool wait = true) => $$"""
        {{(fence ? "wgmma.fence.sync.aligned;" : "")}}
        wgmma.mma_async.sync.aligned.m64n{{n}}k{{depth}}.f32.{{type}}.{{type}}
            {{{string.Join(", ", Enumerable.Range(0, n / 2).Select(i => $"%d{i}"))}}}, {{a}}, %x5, {{rest}};
        {{(wait ? "wgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;" : "")}}

        """;

    private static uint Bits(string type, float value) => type switch
    {
        "f16" => BitConverter.HalfToUInt16Bits((Half)value),
        "bf16" => BitConverter.SingleToUInt32Bits(value) >> 16,
        _ => BitConverter.SingleToUInt32Bits(value),
    };

    // Runs a product with descriptors %x4 and %x5 on results that hold C; the 64 x n results.
    private static float[,] Run(
        Operand? a, Operand b, int n, string product, uint[]? registers = null, Func<string, string>? change = null)
    {
        var memory = new SimMemory();
        var bytes = new byte[BAt + b.Bytes.Length];
        a?.Bytes.CopyTo(bytes, 0);
        b.Bytes.CopyTo(bytes, BAt);
        var present = (a?.Bytes.Length ?? 0, b.Bytes.Length);
        var c = Enumerable.Range(0, 64 * n).Select(i => C(i / n, i % n)).ToArray();
        nint x = Upload(memory, bytes), y = Upload(memory, c), z = Upload(memory, registers ?? new uint[512]);
        // Where a thread's results are: row 16 w + l / 4, columns 2 (l % 4), each pair repeated 8 rows below, then 8
        // columns to the right.
        var places = Enumerable.Range(0, n / 2)
            .Select(i => 4 * (i / 2 % 2 * 8 * n + i / 4 * 8 + i % 2)).ToArray();
        var body = $$"""
            .shared .align 1024 .b8 data[73728];
            .reg .f32 %d<128>; .reg .b32 %a<4>;
            mul.lo.u32 %r1, %r0, 16; mul.wide.u32 %x9, %r0, 16;
            FILL:
            add.u64 %x10, %x0, %x9;
            setp.lt.u32 %p1, %r1, {{present.Item1}};
            setp.ge.u32 %p2, %r1, {{BAt}}; setp.lt.u32 %p3, %r1, {{BAt + present.Item2}};
            and.pred %p2, %p2, %p3; or.pred %p1, %p1, %p2;
            @%p1 ld.global.v4.u32 {%r2, %r3, %r4, %r5}, [%x10];
            @%p1 st.shared.v4.u32 [%r1], {%r2, %r3, %r4, %r5};
            add.u32 %r1, %r1, 2048; add.u64 %x9, %x9, 2048;
            setp.lt.u32 %p1, %r1, {{BAt + present.Item2}};
            @%p1 bra FILL;
            fence.proxy.async;
            mul.wide.u32 %x9, %r0, 16; add.u64 %x9, %x2, %x9;
            ld.global.v4.u32 {%a0, %a1, %a2, %a3}, [%x9];
            mov.u64 %x4, {{a?.Descriptor(0) ?? 0}}; mov.u64 %x5, {{b.Descriptor(BAt)}};
            shr.u32 %r6, %r0, 5; cvt.u64.u32 %x12, %r6; cvt.u64.u32 %x11, %r0;
            setp.lt.u32 %p6, %r0, 5; setp.eq.u32 %p7, %r6, 3;
            and.b32 %r7, %r0, 31; shr.u32 %r8, %r7, 2; and.b32 %r9, %r0, 3;
            mad.lo.u32 %r8, %r6, 16, %r8; mul.lo.u32 %r9, %r9, 2; mad.lo.u32 %r8, %r8, {{n}}, %r9;
            mul.wide.u32 %x9, %r8, 4; add.u64 %x9, %x1, %x9;
            {{string.Concat(places.Select((p, i) => $"ld.global.f32 %d{i}, [%x9+{p}]; "))}}
            bar.sync 0;
            {{product}}
            {{string.Concat(places.Select((p, i) => $"st.global.f32 [%x9+{p}], %d{i}; "))}}
            """;
        Hopper(change?.Invoke(body) ?? body, 128, memory, (ulong)x, (ulong)y, (ulong)z);
        var found = Download<float>(memory, y, 64 * n);
        var result = new float[64, n];
        Buffer.BlockCopy(found, 0, result, 0, 4 * found.Length);
        return result;
    }

    // A matrix in shared memory, written out piece by piece after the table of canonical layouts; pieces of swizzled
    // layouts go where the tables of section 5.5.7 say.
    private sealed class Operand
    {
        private readonly int leading, stride, mode;

        public Operand(string type, int span, bool turned, int outer, int depth, Func<int, int, float> value)
        {
            var size = type == "tf32" ? 4 : 2;
            int t = 16 / size, wide = Math.Max(1, span / 16);
            mode = span switch { 0 => 0, 128 => 1, 64 => 2, _ => 3 };
            // Distances between atoms, with holes so that no two are alike by chance where the layout allows it.
            int atoms = turned ? (outer / t + wide - 1) / wide : (outer + 7) / 8;
            (leading, stride) = (turned, span) switch
            {
                (false, 0) => (128 * atoms + 256, 128),
                (false, _) => (16, 8 * span),
                (true, 0) => (128 * atoms + 256, 128),
                _ => (8 * span, 8 * span * atoms),
            };
            var last = turned ? (atoms + 1) * Math.Max(leading, stride) * 2 : leading * 2 + atoms * stride + 8 * span;
            Bytes = new byte[(last + 1023) / 1024 * 1024];
            for (var o = 0; o < outer; o++)
                for (var k = 0; k < depth; k++)
                {
                    var at = (turned, span) switch
                    {
                        (false, 0) => o % 8 * 16 + o / 8 * stride + k / t * leading + k % t * size,
                        (false, _) => o % 8 * span + o / 8 * stride + k * size,
                        (true, 0) => o % t * size + o / t * stride + k % 8 * 16 + k / 8 * leading,
                        _ => o % t * size + o / t % wide * 16 + o / (t * wide) * leading + k % 8 * span
                            + k / 8 * stride,
                    };
                    // The piece's number among its 128 bytes, exchanged within the span.
                    int row = at / 128, piece = at % 128 / 16;
                    var moved = span switch
                    {
                        0 => piece,
                        32 => row % 2 == 0 ? piece : piece % 2 == 0 ? piece + 1 : piece - 1,
                        64 => piece / 4 * 4 + "0123103223013210"[4 * (row % 4) + piece % 4] - '0',
                        _ => "0123456710325476230167453210765445670123547610326745230176543210"[8 * (row % 8) + piece]
                            - '0',
                    };
                    var bits = WgmmaTests.Bits(type, value(o, k));
                    for (var i = 0; i < size; i++)
                        Bytes[row * 128 + moved * 16 + at % 16 + i] = (byte)(bits >> (8 * i));
                }
        }

        public byte[] Bytes { get; }

        public ulong Descriptor(int at) => (ulong)at >> 4 | (ulong)leading >> 4 << 16 | (ulong)stride >> 4 << 32
            | (ulong)mode << 62;
    }
}
