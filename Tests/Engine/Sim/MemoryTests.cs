using Diffract.Engine.Sim;
using NUnit.Framework;
using static Diffract.Tests.Engine.Sim.Lab;

namespace Diffract.Tests.Engine.Sim;

/// <summary>Loads, stores and atomics, and what is noticed about them.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class MemoryTests
{
    private const string Place = """
        .reg .b64 %x, %y, %at;
        .reg .b32 %r<8>;
        .reg .b16 %h<4>;
        .reg .f32 %f<4>;
        .reg .pred %p;
        ld.param.u64 %x, [p0];
        ld.param.u64 %y, [p1];
        mov.u32 %r0, %tid.x;
        """;

    private const string Block = ".shared .align 16 .b8 block[256];";

    [Test]
    public void Vectors_are_read_and_written_whole()
    {
        var found = Run("""
            ld.global.v4.f32 {%f0, %f1, %f2, %f3}, [%x];
            st.global.v4.f32 [%y], {%f3, %f2, %f1, %f0};
            """, 1, [1f, 2f, 3f, 4f], 4);
        Assert.That(found, Is.EqualTo(new[] { 4f, 3f, 2f, 1f }));
    }

    [Test]
    public void Narrow_loads_spread_the_sign_or_zeros()
    {
        var memory = new SimMemory();
        nint x = Upload<byte>(memory, 0x80, 0xFF, 0x34, 0x92), y = memory.Allocate(16);
        Start(memory, Place + """
            ld.global.s8 %r1, [%x]; ld.global.u8 %r2, [%x+1]; ld.global.s16 %r3, [%x+2]; ld.global.u16 %r4, [%x+2];
            st.global.v4.b32 [%y], {%r1, %r2, %r3, %r4};
            """, x, y, 1);
        Assert.That(Download<int>(memory, y, 4), Is.EqualTo(new[] { -128, 255, -28108, 0x9234 }));
    }

    [TestCase("ld.global.f32 %f0, [%x+16];", "out of bounds")]
    [TestCase("ld.global.f32 %f0, [%x+-4];", "out of bounds")]
    [TestCase("st.global.f32 [%x+4096], %f1;", "out of bounds")]
    [TestCase("ld.global.f32 %f0, [%x+2];", "misaligned")]
    [TestCase("ld.global.v2.f32 {%f0, %f2}, [%x+4];", "misaligned")]
    [TestCase("ld.global.f32 %f0, [%y];", "nothing has written")]
    [TestCase("ld.shared.f32 %f0, [block];", "nothing has written", Block)]
    [TestCase("st.shared.f32 [block+256], %f1;", "out of bounds", "", 1)]
    [TestCase("ld.local.f32 %f0, [own];", "nothing has written", ".local .align 4 .b8 own[8];")]
    [TestCase("st.local.f32 [own+8], %f1;", "local byte 8 of 8", ".local .align 4 .b8 own[8];")]
    [TestCase("ld.param.u64 %at, [p1+8];", "arguments")]
    public void Wrong_accesses_are_noticed(string instruction, string message, string declarations = "", int _ = 0)
    {
        var space = instruction.Contains("shared", StringComparison.Ordinal) && declarations.Length == 0
            ? ".shared .align 4 .b8 block[256];" : declarations;
        // Shared memory is given out in pages of 1 KiB.
        instruction = instruction.Replace("block+256", "block+1024", StringComparison.Ordinal);
        Assert.That(() => Run(space + "mov.f32 %f1, 0f3F800000;" + instruction, 1, [1f, 2f, 3f, 4f], 4),
            Throws.TypeOf<SimException>().With.Message.Contains(message));
    }

    [Test]
    public void The_message_says_where()
    {
        var error = Assert.Throws<SimException>(() => Run("ld.global.f32 %f0, [%x+16];", 1, [1f, 2f, 3f, 4f], 4));
        Assert.That(error!.Message, Does.Contain("lab").And.Contain("block (0, 0, 0)").And.Contain("warp 0")
            .And.Contain("ld.global.f32 %f0, [%x+16]"));
    }

    [Test]
    public void A_barrier_orders_warps()
    {
        const string body = Block + """
            mul.lo.u32 %r1, %r0, 4;
            st.shared.b32 [%r1], %r0;
            bar.sync 0;
            xor.b32 %r2, %r1, 128;
            ld.shared.b32 %r3, [%r2];
            cvt.rn.f32.u32 %f0, %r3;
            cvt.u64.u32 %at, %r1;
            add.u64 %y, %y, %at;
            st.global.f32 [%y], %f0;
            """;
        Assert.That(Run(body, 64, [0f], 64), Is.EqualTo(Enumerable.Range(0, 64).Select(i => (float)(i ^ 32))));
        Assert.That(() => Run(body.Replace("bar.sync 0;", "", StringComparison.Ordinal), 64, [0f], 64),
            Throws.TypeOf<SimException>());
    }

    [TestCase("st.shared.b32 [block], %r0;", "race")]
    [TestCase("setp.lt.u32 %p, %r0, 32; @%p st.shared.b32 [%r1], %r0; @!%p ld.shared.b32 %r2, [%r1+-128];", "race")]
    [TestCase("setp.ge.u32 %p, %r0, 32; bar.sync 0; @%p ld.shared.b32 %r2, [0]; @!%p st.shared.b32 [0], %r0;", "race")]
    public void Races_in_shared_memory_are_noticed(string instruction, string message) =>
        Assert.That(() => Run(Block + "mul.lo.u32 %r1, %r0, 4; st.shared.b32 [%r1], %r0; " + instruction, 64, [0f], 64),
            Throws.TypeOf<SimException>().With.Message.Contains(message));

    [Test]
    public void Blocks_that_touch_the_same_numbers_are_noticed()
    {
        Assert.That(() => Run("st.global.f32 [%y], 0f3F800000;", 1, [0f], 4, blocks: 2),
            Throws.TypeOf<SimException>().With.Message.Contains("block 0 of this launch"));
        Assert.That(() => Run("""
            mov.u32 %r1, %ctaid.x; setp.eq.u32 %p, %r1, 0;
            @%p st.global.f32 [%y], 0f3F800000; @!%p ld.global.f32 %f0, [%y];
            """, 1, [0f], 4, blocks: 2), Throws.TypeOf<SimException>().With.Message.Contains("in no order"));
        Assert.That(() => Run("""
            mov.u32 %r1, %ctaid.x; setp.eq.u32 %p, %r1, 1;
            @!%p ld.global.f32 %f0, [%x]; @%p st.global.f32 [%x], 0f3F800000;
            """, 1, [0f], 4, blocks: 2), Throws.TypeOf<SimException>().With.Message.Contains("in no order"));
    }

    [TestCase("atom.global.add.u32 %r1, [%y], 3;", 7, 10)]
    [TestCase("atom.global.max.s32 %r1, [%y], -3;", -7, -3)]
    [TestCase("atom.global.min.u32 %r1, [%y], 3;", 7, 3)]
    [TestCase("atom.global.exch.b32 %r1, [%y], 3;", 7, 3)]
    [TestCase("atom.global.cas.b32 %r1, [%y], 7, 3;", 7, 3)]
    [TestCase("atom.global.cas.b32 %r1, [%y], 8, 3;", 7, 7)]
    [TestCase("atom.global.inc.u32 %r1, [%y], 7;", 7, 0)]
    [TestCase("atom.global.dec.u32 %r1, [%y], 7;", 0, 7)]
    [TestCase("red.global.or.b32 [%y], 8;", 7, 15)]
    [TestCase("red.global.and.b32 [%y], 5;", 7, 5)]
    [TestCase("red.global.xor.b32 [%y], 5;", 7, 2)]
    public void Atomics(string instruction, int before, int after)
    {
        var memory = new SimMemory();
        nint x = Upload(memory, 0), y = Upload(memory, before);
        Start(memory, Place + instruction, x, y, 1);
        Assert.That(Download<int>(memory, y, 1)[0], Is.EqualTo(after));
    }

    [Test]
    public void Atomics_of_many_blocks_add_up()
    {
        var memory = new SimMemory();
        nint x = Upload(memory, 0), y = Upload(memory, 0f);
        Start(memory, Place + "red.global.add.f32 [%y], 0f3F800000;", x, y, 64, blocks: 3);
        Assert.That(Download<float>(memory, y, 1)[0], Is.EqualTo(192f));
    }

    [Test]
    public void Generic_addresses_find_their_memory()
    {
        var found = Run(Block + """
            .reg .b64 %g;
            mov.u64 %g, block;
            cvta.shared.u64 %g, %g;
            st.f32 [%g], 0f40000000;
            ld.shared.f32 %f0, [block];
            ld.f32 %f1, [%x];
            add.f32 %f0, %f0, %f1;
            st.f32 [%y], %f0;
            """, 1, [1f], 1);
        Assert.That(found[0], Is.EqualTo(3f));
    }

    [Test]
    public void A_copy_is_there_once_it_is_waited_for()
    {
        const string body = Block + """
            cp.async.ca.shared.global [block], [%x], 4;
            cp.async.commit_group;
            cp.async.ca.shared.global [block+4], [%x+4], 4, 0;
            cp.async.commit_group;
            cp.async.wait_group 0;
            ld.shared.f32 %f0, [block];
            ld.shared.f32 %f1, [block+4];
            st.global.v2.f32 [%y], {%f0, %f1};
            """;
        Assert.That(Run(body, 1, [5f, 6f], 2), Is.EqualTo(new[] { 5f, 0f }));
        Assert.That(() => Run(body.Replace("wait_group 0", "wait_group 1", StringComparison.Ordinal), 1, [5f, 6f], 2),
            Throws.TypeOf<SimException>().With.Message.Contains("asynchronous copy is still to write"));
        Assert.That(() => Run(Block + "cp.async.cg.shared.global [block+8], [%x], 16;", 1, [1f, 2f, 3f, 4f], 2),
            Throws.TypeOf<SimException>().With.Message.Contains("misaligned"));
    }

    [Test]
    public void Deadlocks_are_noticed() => Assert.That(() => Run("""
        setp.lt.u32 %p, %r0, 32;
        @%p bra DONE;
        bar.sync 1, 64;
        DONE:
        """, 64, [0f], 1), Throws.TypeOf<SimException>().With.Message.Contains("nothing moves"));

    [Test]
    public void Threads_and_arguments_must_fit()
    {
        Assert.That(() => Run("", 2048, [0f], 1), Throws.TypeOf<SimException>().With.Message.Contains("2048 threads"));
        var memory = new SimMemory();
        Assert.That(() => Lab.Run(Text("", 2), memory, [1], 1),
            Throws.TypeOf<SimException>().With.Message.Contains("16 bytes of arguments"));
    }

    private static float[] Run(string body, int threads, float[] x, int results, int blocks = 1)
    {
        var memory = new SimMemory();
        nint from = Upload(memory, x), to = memory.Allocate(4 * results);
        Start(memory, Place + body, from, to, threads, blocks);
        return Download<float>(memory, to, results);
    }

    private static void Start(SimMemory memory, string body, nint x, nint y, int threads, int blocks = 1) =>
        Lab.Run(Text(body, 2), memory, [(ulong)x, (ulong)y], threads, blocks);
}
