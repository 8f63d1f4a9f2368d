using Diffract.Engine.Sim;
using NUnit.Framework;
using static Diffract.Tests.Engine.Sim.Lab;

namespace Diffract.Tests.Engine.Sim;

/// <summary>Barriers in shared memory: phases, counts, and what who waits knows.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class MbarrierTests
{
    private const string Bar = ".shared .align 8 .b8 bar[16]; .shared .align 16 .b8 data[1024];\n";

    // Thread 0 makes a barrier for some arrivals and all know it.
    private static string Made(int arrivals) => Bar + $$"""
        setp.eq.u32 %p0, %r0, 0;
        @%p0 mbarrier.init.shared::cta.b64 [bar], {{arrivals}};
        @%p0 fence.mbarrier_init.release.cluster;
        bar.sync 0;

        """;

    private static string Wait(string label, string instruction) => $$"""
        {{label}}:
        {{instruction}};
        @!%p1 bra {{label}};

        """;

    [Test]
    public void A_phase_ends_with_its_last_arrival()
    {
        // One thread counts down three arrivals, and looks before and after each.
        var found = Looks("""
            mbarrier.init.shared.b64 [bar], 3;
            mbarrier.arrive.shared.b64 %x2, [bar];
            mbarrier.test_wait.shared.b64 %p1, [bar], %x2; selp.b32 %r1, 1, 0, %p1;
            mbarrier.arrive.shared::cta.b64 %x3, [bar], 2;
            mbarrier.test_wait.shared.b64 %p1, [bar], %x2; selp.b32 %r2, 1, 0, %p1;
            mbarrier.test_wait.shared.b64 %p1, [bar], %x3; selp.b32 %r3, 1, 0, %p1;
            mbarrier.test_wait.parity.shared.b64 %p1, [bar], 0; selp.b32 %r4, 1, 0, %p1;
            mbarrier.test_wait.parity.shared.b64 %p1, [bar], 1; selp.b32 %r5, 1, 0, %p1;
            """, 5);
        Assert.That(found, Is.EqualTo(new[] { 0, 1, 1, 1, 0 }));
    }

    [Test]
    public void Before_the_first_phase_ends_the_one_before_counts_as_over()
    {
        var found = Looks("""
            mbarrier.init.shared.b64 [bar], 1;
            mbarrier.try_wait.parity.shared.b64 %p1, [bar], 1; selp.b32 %r1, 1, 0, %p1;
            mbarrier.try_wait.parity.shared.b64 %p1, [bar], 0, 20; selp.b32 %r2, 1, 0, %p1;
            """, 2);
        Assert.That(found, Is.EqualTo(new[] { 1, 0 }));
    }

    [Test]
    public void Bytes_keep_a_phase_open()
    {
        var found = Looks("""
            mbarrier.init.shared.b64 [bar], 1;
            mbarrier.expect_tx.relaxed.cta.shared.b64 [bar], 48;
            mbarrier.arrive.expect_tx.shared.b64 _, [bar], 16;
            mbarrier.complete_tx.shared.b64 [bar], 60;
            mbarrier.test_wait.parity.shared.b64 %p1, [bar], 0; selp.b32 %r1, 1, 0, %p1;
            mbarrier.complete_tx.shared.b64 [bar], 4;
            mbarrier.test_wait.parity.shared.b64 %p1, [bar], 0; selp.b32 %r2, 1, 0, %p1;
            """, 2);
        Assert.That(found, Is.EqualTo(new[] { 0, 1 }));
    }

    [Test]
    public void The_state_tells_what_was_pending()
    {
        var found = Looks("""
            mbarrier.init.shared.b64 [bar], 7;
            mbarrier.arrive.noComplete.shared.b64 %x2, [bar], 2;
            mbarrier.pending_count.b64 %r1, %x2;
            mbarrier.arrive.noComplete.shared.b64 %x2, [bar], 1;
            mbarrier.pending_count.b64 %r2, %x2;
            """, 2);
        Assert.That(found, Is.EqualTo(new[] { 7, 5 }));
    }

    [Test]
    public void Who_drops_out_is_not_expected_again()
    {
        var found = Looks("""
            mbarrier.init.shared.b64 [bar], 2;
            mbarrier.arrive_drop.shared.b64 _, [bar];
            mbarrier.arrive.shared.b64 _, [bar];
            mbarrier.test_wait.parity.shared.b64 %p1, [bar], 0; selp.b32 %r1, 1, 0, %p1;
            mbarrier.arrive.shared.b64 _, [bar];
            mbarrier.test_wait.parity.shared.b64 %p1, [bar], 1; selp.b32 %r2, 1, 0, %p1;
            """, 2);
        Assert.That(found, Is.EqualTo(new[] { 1, 1 }));
    }

    [Test]
    public void Who_waits_sees_what_was_written_before_the_arrival()
    {
        // Warp 0 writes, warp 1 reads what it wrote, in two phases with a buffer each.
        const string write = "st.shared.u32 [%r1+16], %r0; ", arrive = "mbarrier.arrive.shared.b64 _, [bar]; ";
        const string body = $"""
            setp.ge.u32 %p2, %r0, 32;
            mul.lo.u32 %r1, %r0, 4;
            @%p2 bra READ;
            {write}{arrive}
            bra DONE;
            READ:
            L: mbarrier.try_wait.parity.shared.b64 %p1, [bar], 0;
            @!%p1 bra L;
            ld.shared.u32 %r2, [%r1+-112];
            DONE:
            """;
        Assert.That(Error(Made(32) + body, 64), Is.Null);
        Assert.That(Error(Made(32) + body.Replace(write + arrive, arrive + write, StringComparison.Ordinal), 64),
            Does.Contain("a race"));
        Assert.That(Error(Made(32) + body.Replace("@!%p1 bra L;", "", StringComparison.Ordinal), 64),
            Does.Contain("a race").Or.Contain("nothing has written"));
    }

    [Test]
    public void What_never_comes_is_a_deadlock()
    {
        var found = Error(Made(2) + Wait("L", "mbarrier.try_wait.parity.shared.b64 %p1, [bar], 0"), 64);
        Assert.That(found, Does.Contain("lab, block (0, 0, 0): nothing moves any more")
            .And.Contain("warp 1 waits in 'mbarrier.try_wait.parity.shared.b64 %p1, [bar], 0'")
            .And.Contain("phase 0 of the mbarrier at shared byte 0 (phase 0, 2 arrivals and 0 bytes to come)"));
        Assert.That(Error(Made(2) + Wait("L", "mbarrier.test_wait.parity.shared.b64 %p1, [bar], 0"), 64),
            Does.Contain("nothing moves any more"));
    }

    [Test]
    public void Copies_of_single_threads_can_end_a_phase()
    {
        var memory = new SimMemory();
        nint x = Upload(memory, [.. Enumerable.Range(0, 32).Select(i => (float)i)]), y = memory.Allocate(128);
        const string body = """
            mul.wide.u32 %x2, %r0, 4; add.u64 %x0, %x0, %x2; add.u64 %x1, %x1, %x2;
            mul.lo.u32 %r1, %r0, 4;
            cp.async.ca.shared.global [%r1+16], [%x0], 4;
            cp.async.mbarrier.arrive.noinc.shared.b64 [bar];
            L: mbarrier.try_wait.parity.shared.b64 %p1, [bar], 0;
            @!%p1 bra L;
            xor.b32 %r1, %r1, 64;
            ld.shared.f32 %f0, [%r1+16];
            st.global.f32 [%x1], %f0;
            """;
        Hopper(Made(32) + body, 32, memory, (ulong)x, (ulong)y);
        Assert.That(Download<float>(memory, y, 32), Is.EqualTo(Enumerable.Range(0, 32).Select(i => (float)(i ^ 16))));
        // Counted or not: without .noinc the copies' arrivals are added to those expected.
        Hopper(Made(32) + body.Replace(".noinc", "", StringComparison.Ordinal).Replace("L: ",
            "mbarrier.arrive.shared.b64 _, [bar];\nL: ", StringComparison.Ordinal), 32, memory, (ulong)x, (ulong)y);
        Assert.That(Error(Made(32) + body.Replace("@!%p1 bra L;", "", StringComparison.Ordinal)
            .Replace("L: mbarrier", "// mbarrier", StringComparison.Ordinal), 32, memory, (ulong)x, (ulong)y),
            Does.Contain("asynchronous copy"));
    }

    [TestCase("mbarrier.init.shared.b64 [bar], 0;", "0 arrivals")]
    [TestCase("mbarrier.init.shared.b64 [bar], 1048576;", "1048576 arrivals")]
    [TestCase("mbarrier.init.shared.b64 [bar+4], 1;", "misaligned")]
    [TestCase("mbarrier.arrive.shared.b64 _, [bar];", "no mbarrier at shared byte 0")]
    [TestCase("mbarrier.init.shared.b64 [bar], 1; mbarrier.init.shared.b64 [bar], 1;", "already")]
    [TestCase("mbarrier.init.shared.b64 [bar], 1; ld.shared.u64 %x2, [bar];", "where an mbarrier lies")]
    [TestCase("mbarrier.init.shared.b64 [bar], 1; st.shared.u64 [bar], 0;", "where an mbarrier lies")]
    [TestCase("mbarrier.init.shared.b64 [bar], 1; mbarrier.inval.shared.b64 [bar]; mbarrier.arrive.b64 _, [bar];",
        "not in shared memory")]
    [TestCase("mbarrier.init.shared.b64 [bar], 1; mbarrier.inval.shared.b64 [bar]; "
        + "mbarrier.arrive.shared.b64 _, [bar];", "no mbarrier")]
    [TestCase("mbarrier.init.shared.b64 [bar], 2; mbarrier.arrive.shared.b64 _, [bar], 3;", "3 arrivals")]
    [TestCase("mbarrier.init.shared.b64 [bar], 1; mbarrier.arrive.shared.b64 _, [bar]; "
        + "mbarrier.arrive.shared.b64 _, [bar];", "nobody has waited")]
    [TestCase("mbarrier.init.shared.b64 [bar], 1; mbarrier.arrive.noComplete.shared.b64 _, [bar], 1;", "noComplete")]
    [TestCase("mbarrier.init.shared.b64 [bar], 1; mbarrier.test_wait.parity.shared.b64 %p1, [bar], 2;", "parity 2")]
    [TestCase("mbarrier.init.shared.b64 [bar], 1; mbarrier.test_wait.shared.b64 %p1, [bar], 5;", "phase 5")]
    [TestCase("mbarrier.init.shared.b64 [bar], 1; mbarrier.expect_tx.shared.b64 [bar], 1048576;", "at most 1048575")]
    [TestCase("mbarrier.frob.shared.b64 [bar], 1;", "not known")]
    [TestCase("mbarrier.arrive.relaxed.cta.shared.b64 _, [bar];", "not known")]
    public void Misuse_is_noticed(string body, string message) =>
        Assert.That(Error(Bar + body, 1), Does.Contain(message));

    [Test]
    public void After_its_end_its_memory_is_memory_again() => Assert.That(Error(Bar + """
        mbarrier.init.shared.b64 [bar], 1; mbarrier.inval.shared.b64 [bar];
        st.shared.u64 [bar], 5; ld.shared.u64 %x2, [bar];
        mbarrier.init.shared.b64 [bar], 1; mbarrier.arrive.shared.b64 _, [bar];
        """, 1), Is.Null);

    [Test]
    public void Others_must_know_of_its_making() => Assert.That(Error(Bar + """
        setp.eq.u32 %p0, %r0, 0;
        @%p0 mbarrier.init.shared.b64 [bar], 64;
        mbarrier.arrive.shared.b64 _, [bar];
        """, 64), Does.Contain("a race"));

    [Test]
    public void Waits_with_a_time_need_compute_capability_9() => Assert.That(() => SimProgram.Load(Text(
        Bar + ".reg .pred %p1; mbarrier.try_wait.parity.shared.b64 %p1, [bar], 0;", 0)),
        Throws.TypeOf<SimException>().With.Message.Contains("sm_90"));

    // What one thread has in %r1, %r2, … at the end.
    private static int[] Looks(string body, int count)
    {
        var memory = new SimMemory();
        var y = memory.Allocate(4 * count);
        Hopper(Bar + body + string.Concat(Enumerable.Range(0, count)
            .Select(i => $"\nst.global.u32 [%x0+{4 * i}], %r{i + 1};")), 1, memory, (ulong)y);
        return Download<int>(memory, y, count);
    }
}
