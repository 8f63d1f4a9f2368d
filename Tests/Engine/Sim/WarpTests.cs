using Diffract.Engine.Sim;
using NUnit.Framework;
using static Diffract.Tests.Engine.Sim.Lab;

namespace Diffract.Tests.Engine.Sim;

/// <summary>Threads that part and meet, and what they do together.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class WarpTests
{
    private static readonly ulong[] lanes = [.. Enumerable.Range(0, 32).Select(i => (ulong)i)];

    [Test]
    public void Lanes_that_part_meet_again()
    {
        // Odd lanes double, even ones add 100; behind the branch all are there, as a vote says.
        var found = Each("""
            .reg .pred %all;
            and.b32 %d, %a, 1;
            setp.eq.u32 %p, %d, 0;
            @%p bra EVEN;
            add.u32 %d, %a, %a;
            bra DONE;
            EVEN:
            add.u32 %d, %a, 100;
            DONE:
            setp.ge.u32 %q, %d, 0;
            vote.sync.all.pred %all, %q, 0xFFFFFFFF;
            @!%all mov.u32 %d, 0;
            """, "b32", "b32", lanes);
        Assert.That(found, Is.EqualTo(lanes.Select(l => l % 2 == 0 ? l + 100 : 2 * l)));
    }

    [Test]
    public void Every_lane_loops_as_often_as_it_wants()
    {
        var found = Each("""
            mov.u32 %d, 0;
            mov.u32 %b, %a;
            LOOP:
            setp.eq.u32 %p, %b, 0;
            @%p bra DONE;
            add.u32 %d, %d, %b;
            sub.u32 %b, %b, 1;
            bra LOOP;
            DONE:
            bar.warp.sync 0xFFFFFFFF;
            """, "b32", "b32", lanes);
        Assert.That(found, Is.EqualTo(lanes.Select(l => l * (l + 1) / 2)));
    }

    [Test]
    public void An_indexed_branch_takes_lanes_to_their_targets()
    {
        var found = Each("""
            rem.u32 %b, %a, 3;
            TABLE: .branchtargets ZERO, ONE, TWO;
            brx.idx %b, TABLE;
            ZERO: mov.u32 %d, 10; bra DONE;
            ONE: mov.u32 %d, 11; bra DONE;
            TWO: mov.u32 %d, 12;
            DONE: bar.warp.sync 0xFFFFFFFF;
            """, "b32", "b32", lanes);
        Assert.That(found, Is.EqualTo(lanes.Select(l => 10 + l % 3)));
    }

    [Test]
    public void Uniform_promises_are_checked() => Assert.That(() => Each("""
        setp.eq.u32 %p, %a, 0;
        mov.u32 %d, 0;
        @%p bra.uni DONE;
        mov.u32 %d, 1;
        DONE:
        """, "b32", "b32", lanes), Throws.TypeOf<SimException>().With.Message.Contains(".uni"));

    [TestCase("shfl.sync.bfly.b32 %d, %a, 1, 31, 0xFFFFFFFF;", 5, 4)]
    [TestCase("shfl.sync.down.b32 %d, %a, 4, 31, 0xFFFFFFFF;", 5, 9)]
    [TestCase("shfl.sync.down.b32 %d, %a, 4, 31, 0xFFFFFFFF;", 30, 30)]
    [TestCase("shfl.sync.up.b32 %d, %a, 4, 0, 0xFFFFFFFF;", 5, 1)]
    [TestCase("shfl.sync.up.b32 %d, %a, 4, 0, 0xFFFFFFFF;", 2, 2)]
    [TestCase("shfl.sync.idx.b32 %d, %a, 7, 31, 0xFFFFFFFF;", 5, 7)]
    // Segments of eight lanes: the mask 0x18 keeps a lane in its own.
    [TestCase("shfl.sync.idx.b32 %d, %a, 3, 0x181F, 0xFFFFFFFF;", 21, 19)]
    [TestCase("shfl.sync.down.b32 %d, %a, 4, 0x181F, 0xFFFFFFFF;", 21, 21)]
    public void Shuffle(string instruction, int lane, int expected) =>
        Assert.That(Each(instruction, "b32", "b32", lanes)[lane], Is.EqualTo((ulong)expected));

    [Test]
    public void A_shuffle_says_which_lanes_were_in_range()
    {
        var found = Each("shfl.sync.down.b32 %b|%p, %a, 4, 31, 0xFFFFFFFF; selp.b32 %d, 1, 0, %p;", "b32", "b32",
            lanes);
        Assert.That(found, Is.EqualTo(lanes.Select(l => l < 28 ? 1UL : 0UL)));
    }

    [TestCase("vote.sync.ballot.b32 %d, %p, 0xFFFFFFFF;", 7UL)]
    [TestCase("vote.sync.any.pred %q, %p, 0xFFFFFFFF; selp.b32 %d, 1, 0, %q;", 1UL)]
    [TestCase("vote.sync.all.pred %q, %p, 0xFFFFFFFF; selp.b32 %d, 1, 0, %q;", 0UL)]
    [TestCase("vote.sync.uni.pred %q, %p, 0xFFFFFFFF; selp.b32 %d, 1, 0, %q;", 0UL)]
    [TestCase("activemask.b32 %d;", 0xFFFFFFFFUL)]
    public void Vote(string instruction, ulong expected) =>
        Assert.That(Each("setp.lt.u32 %p, %a, 3;\n" + instruction, "b32", "b32", lanes)[0], Is.EqualTo(expected));

    [TestCase("shfl.sync.bfly.b32 %d, %a, 1, 31, 0xFFFFFFFF;")]
    [TestCase("bar.sync 0;")]
    [TestCase("bar.warp.sync 0xFFFFFFFF;")]
    public void Lanes_that_are_missing_are_noticed(string instruction) => Assert.That(() => Each($"""
        mov.u32 %d, 0;
        setp.lt.u32 %p, %a, 7;
        @%p bra DONE;
        {instruction}
        DONE:
        """, "b32", "b32", lanes), Throws.TypeOf<SimException>());

    [Test]
    public void Inner_blocks_have_names_of_their_own()
    {
        var found = Each("""
            mov.u32 %d, %a;
            { .reg .b32 t; mov.u32 t, 5; add.u32 %d, %d, t; }
            { .reg .b32 t; mov.u32 t, 7; add.u32 %d, %d, t; }
            """, "b32", "b32", lanes);
        Assert.That(found, Is.EqualTo(lanes.Select(l => l + 12)));
    }

    [TestCase("%laneid", 5UL)]
    [TestCase("%tid.x", 5UL)]
    [TestCase("%ntid.x", 32UL)]
    [TestCase("%ctaid.x", 0UL)]
    [TestCase("%nctaid.x", 1UL)]
    [TestCase("%lanemask_lt", 31UL)]
    [TestCase("%lanemask_eq", 32UL)]
    public void Special_registers(string name, ulong expected) =>
        Assert.That(Each($"mov.u32 %d, {name};", "b32", "b32", lanes)[5], Is.EqualTo(expected));
}
