namespace Diffract.Engine.Sim;

/// <summary>Barriers in shared memory that count arrivals and bytes (section 9.7.12.15).</summary>
internal sealed unsafe partial class SimDecoder
{
    private Action<SimWarp, uint> Mbarrier(PtxStatement s)
    {
        Allow(s, "init", "inval", "arrive", "arrive_drop", "expect_tx", "complete_tx", "test_wait", "try_wait",
            "parity", "pending_count", "noComplete", "shared", "shared::cta", "shared::cluster", "relaxed", "release",
            "acquire", "cta", "cluster");
        if (s.Words[^1] != "b64" || (s.Has("relaxed") && !s.Words[1].EndsWith("_tx", StringComparison.Ordinal)))
            throw Unknown(s);
        switch (s.Words[1])
        {
            case "init":
                var count = Source(s, 1);
                return AtEach(s, 0, (warp, l, at) =>
                    warp.Block.Mbarriers.Init(warp, at, (uint)warp.Registers[count + l]));
            case "inval":
                return AtEach(s, 0, (warp, _, at) => warp.Block.Mbarriers.Inval(warp, at));
            case "expect_tx":
                NeedTarget(s, "sm_90");
                var announced = Source(s, 1);
                return AtEach(s, 0, (warp, l, at) =>
                    warp.Block.Mbarriers.At(warp, at).Expect((uint)warp.Registers[announced + l]));
            case "complete_tx":
                NeedTarget(s, "sm_90");
                var come = Source(s, 1);
                return AtEach(s, 0, (warp, l, at) =>
                    warp.Block.Mbarriers.At(warp, at).Complete(warp, (uint)warp.Registers[come + l]));
            case "arrive" or "arrive_drop":
                return Arrive(s);
            case "test_wait" or "try_wait":
                return WaitForPhase(s);
            case "pending_count":
                return Each(Target(s), Source(s, 1), state => state >> 32);
            default:
                throw Unknown(s);
        }
    }

    // mbarrier.arrive{.expect_tx | .noComplete} state, [at] {, count or bytes}
    private Action<SimWarp, uint> Arrive(PtxStatement s)
    {
        bool expects = s.Has("expect_tx"), quiet = s.Has("noComplete"), drop = s.Words[1] == "arrive_drop";
        if (s.Operands.Count < (expects || quiet ? 3 : 2)) throw Unknown(s);
        if (expects) NeedTarget(s, "sm_90");
        var to = Target(s);
        var number = s.Operands.Count > 2 ? Source(s, 2) : -1;
        return AtEach(s, 1, (warp, l, at) =>
        {
            var barrier = warp.Block.Mbarriers.At(warp, at);
            var value = number < 0 ? 1 : (uint)warp.Registers[number + l];
            if (expects) barrier.Expect(value);
            var phase = barrier.Phase;
            warp.Registers[to + l] = barrier.Arrive(warp, expects ? 1 : value, drop);
            if (quiet && barrier.Phase != phase)
                throw new SimException($"with .noComplete, the phase of the {barrier} is complete");
        }, after: static warp => warp.Tick());
    }

    // mbarrier.{test,try}_wait{.parity} over, [at], state or parity {, time}. A warp that has to wait is told to look
    // again, and does so when something has changed: who does not look again goes on too early.
    private Action<SimWarp, uint> WaitForPhase(PtxStatement s)
    {
        if (s.Words[1] == "try_wait") NeedTarget(s, "sm_90");
        var byParity = s.Has("parity");
        int to = Target(s), wanted = Source(s, 2), at = Source(s, 1);
        var (space, offset) = (SpaceOf(s), s.Operands[1].Offset);
        return (warp, lanes) =>
        {
            SimMbarrier? asked = null, missing = null;
            var missingPhase = 0;
            for (var l = 0; l < SimWarp.Lanes; l++)
            {
                if ((lanes >> l & 1) == 0) continue;
                var barrier = warp.Block.Mbarriers.At(warp, InShared(warp.Registers[at + l] + (ulong)offset, space));
                var phase = (int)(uint)warp.Registers[wanted + l];
                if (byParity && phase is not (0 or 1))
                    throw new SimException($"a wait for a phase of parity {phase}");
                if (byParity) phase = (barrier.Phase & 1) == phase ? barrier.Phase : barrier.Phase - 1;
                var over = barrier.IsOver(warp, phase);
                if (asked != barrier) asked?.Tell(warp);
                asked = barrier;
                warp.Registers[to + l] = over ? 1u : 0u;
                if (over) barrier.Acquire(warp);
                else (missing, missingPhase) = (barrier, phase);
            }
            asked?.Tell(warp);
            if (missing is not null) PauseFor(warp, missing, missingPhase);
        };
    }

    private static void PauseFor(SimWarp warp, SimMbarrier barrier, int phase) => warp.WaitUntil(
        () => $"the end of phase {phase} of the {barrier}", () => barrier.Phase != phase, canGiveUp: true);

    // What an instruction does in every lane with an address in shared memory.
    private Action<SimWarp, uint> AtEach(
        PtxStatement s, int operand, Action<SimWarp, int, ulong> body, Action<SimWarp>? after = null)
    {
        var space = SpaceOf(s);
        var (at, offset) = (Source(s, operand), s.Operands[operand].Offset);
        return (warp, lanes) =>
        {
            for (var l = 0; l < SimWarp.Lanes; l++)
                if ((lanes >> l & 1) != 0) body(warp, l, InShared(warp.Registers[at + l] + (ulong)offset, space));
            after?.Invoke(warp);
        };
    }

    // An address in shared memory, whose space an instruction may leave to the address.
    private static ulong InShared(ulong address, Space space) => Resolve(ref address, space) == Space.Shared
        ? address : throw new SimException($"{address:x} is not in shared memory");
}
