using Diffract.Engine.Sim;
using NUnit.Framework;
using static Diffract.Tests.Engine.Sim.Lab;

namespace Diffract.Tests.Engine.Sim;

/// <summary>What compute capability 9.0 adds besides copies and products, and barriers that some only arrive at.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class HopperTests
{
    [Test]
    public void One_thread_is_elected()
    {
        // Of all lanes, and of the odd ones: the same every time, and its number is known to all.
        Assert.That(Looks("elect.sync %r1|%p1, 0xFFFFFFFF; selp.b32 %r2, 1, 0, %p1; mad.lo.u32 %r1, %r2, 100, %r1;"),
            Is.EqualTo(Enumerable.Range(0, 32).Select(l => l == 0 ? 100 : 0)));
        Assert.That(Looks("""
            and.b32 %r2, %r0, 1; setp.eq.u32 %p2, %r2, 1; mov.u32 %r1, 7;
            @!%p2 bra DONE;
            { .reg .pred chosen; elect.sync _|chosen, 0xAAAAAAAA; selp.b32 %r1, 1, 0, chosen; }
            DONE:
            """), Is.EqualTo(Enumerable.Range(0, 32).Select(l => l == 1 ? 1 : l % 2 == 0 ? 7 : 0)));
        Assert.That(Error("elect.sync _|%p1, 1;", 32), Does.Contain("names lanes"));
    }

    [Test]
    public void Registers_pass_from_some_warps_to_others()
    {
        const string body = """
            setp.lt.u32 %p1, %r0, 128;
            @%p1 bra FIRST;
            setmaxnreg.inc.sync.aligned.u32 160;
            bra DONE;
            FIRST:
            setmaxnreg.dec.sync.aligned.u32 96;
            DONE:
            """;
        // 256 threads of at most 128 registers each, as 1024 threads at most would have 64.
        string? With(string from, string to) => Found(body.Replace(from, to, StringComparison.Ordinal));
        Assert.That(With("96", "96"), Is.Null);
        Assert.That(With("160", "168"), Does.Contain("waits in 'setmaxnreg.inc.sync.aligned.u32 168'")
            .And.Contain("40 registers"));
        Assert.That(With("u32 96", "u32 16"), Does.Contain("multiples of 8 from 24 to 256"));
        Assert.That(With("u32 96", "u32 100"), Does.Contain("multiples of 8"));
        Assert.That(With("u32 96", "u32 136"), Does.Contain("have 128 registers"));
        Assert.That(With("inc.sync.aligned.u32 160", "inc.sync.aligned.u32 120"), Does.Contain("have 128 registers"));
        Assert.That(With("%r0, 128", "%r0, 96"), Does.Contain("another warp of the warpgroup"));
        Assert.That(With("%r0, 128", "%r0, 100"), Does.Contain("whole warp"));

        static string? Found(string body)
        {
            var text = Text(".reg .b32 %r<4>; .reg .pred %p<4>; mov.u32 %r0, %tid.x;\n" + body, 0, target: "sm_90a")
                .Replace("lab()", "lab() .maxntid 256 .minnctapersm 2", StringComparison.Ordinal);
            try
            {
                Lab.Run(text, new SimMemory(), [], 256);
                return null;
            }
            catch (SimException e)
            {
                return e.Message;
            }
        }
    }

    [Test]
    public void The_barrier_of_a_cluster_of_one_is_a_barrier()
    {
        const string body = """
            .shared .align 4 .b8 data[256];
            mul.lo.u32 %r1, %r0, 4;
            st.shared.u32 [%r1], %r0;
            barrier.cluster.arrive.release.aligned;
            barrier.cluster.wait.acquire.aligned;
            xor.b32 %r1, %r1, 128;
            ld.shared.u32 %r2, [%r1];
            """;
        Assert.That(Error(body, 64), Is.Null);
        Assert.That(Error(body.Replace(".release", ".relaxed", StringComparison.Ordinal), 64), Does.Contain("a race"));
        Assert.That(Error(body.Replace("barrier.cluster.wait.acquire.aligned;", "", StringComparison.Ordinal), 64),
            Does.Contain("a race").Or.Contain("nothing has written"));
        Assert.That(Error(body.Replace("barrier.cluster.arrive.release.aligned;", "", StringComparison.Ordinal), 64),
            Does.Contain("without an arrival"));
        Assert.That(Error("barrier.cluster.arrive; barrier.cluster.arrive;", 64), Does.Contain("a second arrival"));
        Assert.That(Error("setp.lt.u32 %p1, %r0, 32; @%p1 bra L; L2: bra L2; L: barrier.cluster.arrive.aligned;", 32),
            Is.Null);
    }

    [TestCase("mov.u32 %r1, %cluster_ctarank;", 0)]
    [TestCase("mov.u32 %r1, %cluster_nctarank;", 1)]
    [TestCase("mov.u32 %r1, %clusterid.x;", 0)]
    [TestCase("mov.u32 %r1, %nclusterid.x;", 1)]
    [TestCase("mov.u32 %r1, %cluster_ctaid.y;", 0)]
    [TestCase("mov.u32 %r1, %cluster_nctaid.z;", 1)]
    [TestCase("mov.pred %p1, %is_explicit_cluster; selp.b32 %r1, 1, 0, %p1;", 0)]
    [TestCase("mov.u32 %r1, %nwarpid;", 1)]
    [TestCase("mov.u32 %r1, 64; mapa.shared::cluster.u32 %r1, %r1, 0;", 64)]
    [TestCase("griddepcontrol.wait; griddepcontrol.launch_dependents; mov.u32 %r1, 3; nanosleep.u32 20;", 3)]
    public void A_block_is_a_cluster_of_its_own(string body, int expected) =>
        Assert.That(Looks(body), Is.All.EqualTo(expected));

    [Test]
    public void There_are_no_other_blocks_in_a_cluster()
    {
        Assert.That(Error("mapa.shared::cluster.u32 %r1, %r0, 1;", 1), Does.Contain("cluster of one"));
        Assert.That(() => SimProgram.Load(Text("", 0).Replace("lab()", "lab() .reqnctapercluster 2, 1, 1",
            StringComparison.Ordinal)), Throws.TypeOf<SimException>().With.Message.Contains("more than one block"));
    }

    [Test]
    public void Some_arrive_at_a_barrier_that_others_wait_at()
    {
        const string body = """
            .shared .align 4 .b8 data[256];
            mul.lo.u32 %r1, %r0, 4;
            setp.lt.u32 %p1, %r0, 32;
            @%p1 bra WRITE;
            barrier.sync 3, 64;
            ld.shared.u32 %r2, [%r1+-128];
            bra DONE;
            WRITE:
            st.shared.u32 [%r1], %r0;
            bar.arrive 3, 64;
            DONE:
            """;
        Assert.That(Error(body, 64), Is.Null);
        string? Broken(string from, string to) => Error(body.Replace(from, to, StringComparison.Ordinal), 64);
        Assert.That(Broken("bar.arrive 3, 64;", ""), Does.Contain("nothing moves").And.Contain("barrier 3"));
        Assert.That(Broken("sync 3, 64", "sync 3, 96"), Does.Contain("different numbers"));
        Assert.That(Broken("st.shared.u32 [%r1], %r0;\nbar.arrive 3, 64;",
            "bar.arrive 3, 64;\nst.shared.u32 [%r1], %r0;"), Does.Contain("a race"));
        Assert.That(Broken("bar.arrive 3, 64;", "bar.arrive 16, 64;"), Does.Contain("there are 16"));
        Assert.That(Broken("bar.arrive 3, 64;", "bar.arrive 3, 40;"), Does.Contain("whole warps"));
    }

    // %r1 of every lane of a warp.
    private static int[] Looks(string body)
    {
        var memory = new SimMemory();
        var y = memory.Allocate(128);
        Hopper(body + "\nmul.wide.u32 %x9, %r0, 4; add.u64 %x9, %x0, %x9; st.global.u32 [%x9], %r1;", 32, memory,
            (ulong)y);
        return Download<int>(memory, y, 32);
    }
}
