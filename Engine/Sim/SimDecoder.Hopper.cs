using System.Numerics;

namespace Diffract.Engine.Sim;

/// <summary>What compute capability 9.0 adds besides copies and products: fences of the async proxy, clusters (of one
/// block), the choice of a thread, registers passed between warps.</summary>
internal sealed partial class SimDecoder
{
    // What a warp does is seen by others in its order here, and barriers are what makes it known to them; only what
    // asynchronous operations see must be fenced.
    private Action<SimWarp, uint> Fence(PtxStatement s)
    {
        Allow(s, "cta", "gpu", "gl", "sys", "cluster", "sc", "acq_rel", "acquire", "release", "proxy", "async", "alias",
            "async::generic", "generic", "tensormap::generic", "global", "shared::cta", "shared::cluster",
            "mbarrier_init");
        if (s.Has("mbarrier_init"))
        {
            NeedTarget(s, "sm_90");
            return static (warp, _) => warp.Block.Mbarriers.Fence(warp);
        }
        if (!s.Has("proxy") || !s.Has("async") || s.Has("global")) return static (_, _) => { };
        NeedTarget(s, "sm_90");
        return static (warp, _) => warp.FenceAsync();
    }

    // elect.sync lane|chosen, members
    private Action<SimWarp, uint> Elect(PtxStatement s)
    {
        Allow(s, "sync");
        NeedTarget(s, "sm_90");
        var names = s.Operands[0].Text.Split('|');
        if (names.Length != 2 || !s.Has("sync")) throw Unknown(s);
        int lane = program.Target(new PtxOperand(names[0]), s), chosen = program.Target(new PtxOperand(names[1]), s);
        var members = Source(s, 1);
        return (warp, lanes) =>
        {
            NeedMembers(warp, lanes, members, s.Name);
            var leader = BitOperations.TrailingZeroCount(lanes);
            ForLanes(lanes, l =>
            {
                warp.Registers[lane + l] = (uint)leader;
                warp.Registers[chosen + l] = l == leader ? 1u : 0u;
            });
        };
    }

    // setmaxnreg.{inc,dec}.sync.aligned.u32 registers
    private Action<SimWarp, uint> SetRegisters(PtxStatement s)
    {
        Allow(s, "inc", "dec", "sync", "aligned");
        NeedTarget(s, "sm_90a");
        if (!s.Operands[0].TryNumber(out var wanted) || wanted is < 24 or > 256 || wanted % 8 != 0)
            throw new SimException($"'{s.Text}': allowed are multiples of 8 from 24 to 256");
        var (registers, more) = ((int)wanted, s.Has("inc"));
        return Together(s, warp =>
        {
            var change = registers - warp.MaxRegisters;
            if (more ? change < 0 : change > 0)
                throw new SimException($"threads have {warp.MaxRegisters} registers, and .{s.Words[1]} asks for "
                    + $"{registers}");
            if (change <= 0) Take();
            else
                warp.WaitUntil(() => $"{change} registers a thread (there are {warp.Block.SpareRegisters} for a warp)",
                    () => warp.Block.SpareRegisters >= change, Take);

            void Take()
            {
                warp.Block.SpareRegisters -= change;
                warp.MaxRegisters = registers;
            }
        });
    }

    // barrier.cluster.arrive and .wait: a cluster is one block here.
    private Action<SimWarp, uint> ClusterBarrier(PtxStatement s)
    {
        Allow(s, "cluster", "arrive", "wait", "release", "relaxed", "acquire", "aligned");
        NeedTarget(s, "sm_90");
        var (aligned, relaxed) = (s.Has("aligned"), s.Has("relaxed"));
        if (s.Words[2] == "arrive")
            return (warp, _) =>
            {
                if (aligned) warp.NeedWhole(s.Name);
                if (warp.Cluster.Arrivals > warp.Cluster.Waits)
                    throw new SimException("a second arrival without a wait in between");
                warp.Cluster = (warp.Cluster.Arrivals + 1, warp.Cluster.Waits);
                if (!relaxed) SimWarp.Merge(warp.Block.ClusterKnown, warp.Clock);
                if (!relaxed) SimWarp.Merge(warp.Block.ClusterFenced, warp.Fenced);
                warp.Tick();
            };
        if (s.Words[2] != "wait") throw Unknown(s);
        return (warp, _) =>
        {
            if (aligned) warp.NeedWhole(s.Name);
            var times = warp.Cluster.Waits + 1;
            if (warp.Cluster.Arrivals < times) throw new SimException("a wait without an arrival before");
            warp.WaitUntil(() => "the cluster's barrier", () => warp.Block.HaveArrived(times), () =>
            {
                warp.Cluster = (warp.Cluster.Arrivals, times);
                SimWarp.Merge(warp.Clock, warp.Block.ClusterKnown);
                SimWarp.Merge(warp.Fenced, warp.Block.ClusterFenced);
            });
        };
    }

    // mapa{.shared::cluster}.{u32,u64} d, address, rank
    private Action<SimWarp, uint> MapAddress(PtxStatement s)
    {
        Allow(s, "shared::cluster");
        NeedTarget(s, "sm_90");
        var offset = (ulong)s.Operands[1].Offset;
        return Each(Target(s), Source(s, 1), Source(s, 2), (address, rank) => rank == 0 ? address + offset
            : throw new SimException($"block {rank} of a cluster of one"));
    }

    private static Action<SimWarp, uint> DependentGrids(PtxStatement s)
    {
        Allow(s, "wait", "launch_dependents");
        return static (_, _) => { };
    }

    // An assembler refuses what a text's target does not have.
    private void NeedTarget(PtxStatement s, string target)
    {
        if (program.Target90 < (target.EndsWith('a') ? 2 : 1))
            throw new SimException($"'{s.Text}' needs .target {target} or higher");
    }
}
