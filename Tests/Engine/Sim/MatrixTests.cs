using Diffract.Engine.Sim;
using NUnit.Framework;
using static Diffract.Tests.Engine.Sim.Lab;

namespace Diffract.Tests.Engine.Sim;

/// <summary>Matrices that a warp holds together, element by element as the PTX manual's figures lay them out.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class MatrixTests
{
    private const string Place = """
        .reg .b64 %x, %y, %at;
        .reg .b32 %r<4>, %a<4>, %b<2>;
        .reg .f32 %c<4>, %d<4>;
        ld.param.u64 %x, [p0];
        ld.param.u64 %y, [p1];
        mov.u32 %r0, %tid.x;
        mul.wide.u32 %at, %r0, 16;

        """;

    [TestCase("", TestName = "rows")]
    [TestCase(".trans", TestName = "columns")]
    public void A_lane_gets_its_pair_of_every_matrix(string form)
    {
        // Four matrices of 8 x 8 one after the other: element (r, c) of matrix m holds 100 m + 8 r + c.
        var memory = new SimMemory();
        var values = Enumerable.Range(0, 256).Select(i => (ushort)(i / 64 * 100 + i % 64)).ToArray();
        nint x = Upload(memory, values), y = memory.Allocate(512);
        Lab.Run(Text(".shared .align 16 .b8 rows[512];" + Place + $$"""
            add.u64 %x, %x, %at;
            ld.global.v4.b32 {%a0, %a1, %a2, %a3}, [%x];
            mul.lo.u32 %r1, %r0, 16;
            st.shared.v4.b32 [%r1], {%a0, %a1, %a2, %a3};
            bar.sync 0;
            ldmatrix.sync.aligned.m8n8.x4{{form}}.shared.b16 {%a0, %a1, %a2, %a3}, [%r1];
            add.u64 %y, %y, %at;
            st.global.v4.b32 [%y], {%a0, %a1, %a2, %a3};
            """, 2), memory, [(ulong)x, (ulong)y], 32);
        var found = Download<uint>(memory, y, 128);
        for (var lane = 0; lane < 32; lane++)
            for (var m = 0; m < 4; m++)
            {
                int r = lane / 4, c = lane % 4 * 2;
                var (first, second) = form.Length == 0 ? (8 * r + c, 8 * r + c + 1) : (8 * c + r, 8 * (c + 1) + r);
                Assert.That(found[4 * lane + m], Is.EqualTo((uint)(100 * m + first | 100 * m + second << 16)));
            }
    }

    [TestCase("m16n8k16", "f16", 16)]
    [TestCase("m16n8k16", "bf16", 16)]
    [TestCase("m16n8k8", "f16", 8)]
    [TestCase("m16n8k8", "tf32", 8)]
    [TestCase("m16n8k4", "tf32", 4)]
    public void A_product_is_the_sum_of_products(string shape, string type, int depth)
    {
        float A(int r, int k) => (r * 3 + k * 5) % 7 - 3;
        float B(int k, int c) => (k * 2 + c * 3) % 5 - 2;
        var each = type == "tf32" ? 1 : 2;
        int left = 2 * depth / (4 * each), right = depth / (4 * each);
        uint Bits(float v) => type switch
        {
            "f16" => BitConverter.HalfToUInt16Bits((Half)v),
            "bf16" => BitConverter.SingleToUInt32Bits(v) >> 16,
            _ => BitConverter.SingleToUInt32Bits(v),
        };
        uint Register(Func<int, float> element) =>
            each == 1 ? Bits(element(0)) : Bits(element(0)) | Bits(element(1)) << 16;
        // Per lane: the registers of A, then those of B, eight in all.
        var registers = new uint[32 * 8];
        for (var lane = 0; lane < 32; lane++)
        {
            int g = lane / 4, q = lane % 4 * each;
            for (var i = 0; i < left; i++)
                registers[8 * lane + i] = Register(e => A(g + 8 * (i % 2), q + e + 4 * each * (i / 2)));
            for (var i = 0; i < right; i++)
                registers[8 * lane + 4 + i] = Register(e => B(q + e + 4 * each * i, g));
        }
        var memory = new SimMemory();
        nint x = Upload(memory, registers), y = memory.Allocate(512);
        string List(string name, int count) =>
            count == 1 ? $"%{name}0"
                : $"{{{string.Join(", ", Enumerable.Range(0, count).Select(i => $"%{name}{i}"))}}}";
        Lab.Run(Text(Place + $$"""
            add.u64 %x, %x, %at; add.u64 %x, %x, %at; add.u64 %y, %y, %at;
            ld.global.v4.b32 {%a0, %a1, %a2, %a3}, [%x];
            ld.global.v2.b32 {%b0, %b1}, [%x+16];
            mov.f32 %c0, 0f3F800000; mov.f32 %c1, %c0; mov.f32 %c2, %c0; mov.f32 %c3, %c0;
            mma.sync.aligned.{{shape}}.row.col.f32.{{type}}.{{type}}.f32
                {%d0, %d1, %d2, %d3}, {{List("a", left)}}, {{List("b", right)}}, {%c0, %c1, %c2, %c3};
            st.global.v4.f32 [%y], {%d0, %d1, %d2, %d3};
            """, 2), memory, [(ulong)x, (ulong)y], 32);
        var found = Download<float>(memory, y, 128);
        for (var lane = 0; lane < 32; lane++)
            for (var i = 0; i < 4; i++)
            {
                int r = lane / 4 + 8 * (i / 2), c = lane % 4 * 2 + i % 2;
                Assert.That(found[4 * lane + i],
                    Is.EqualTo(1 + Enumerable.Range(0, depth).Sum(k => A(r, k) * B(k, c))), $"({r}, {c})");
            }
    }

    [Test]
    public void Part_of_a_warp_cannot_multiply() => Assert.That(
        () => Lab.Run(Text(Place + """
            .reg .pred %p;
            mov.b32 %a0, 0; mov.b32 %a1, 0; mov.b32 %b0, 0; mov.f32 %c0, 0f00000000;
            setp.lt.u32 %p, %r0, 7;
            @%p mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32
                {%d0, %d1, %d2, %d3}, {%a0, %a1}, %b0, {%c0, %c0, %c0, %c0};
            """, 2), new SimMemory(), [0, 0], 32), Throws.TypeOf<SimException>().With.Message.Contains("whole warp"));
}
