namespace Diffract.Engine.Sim;

/// <summary>An mbarrier (section 9.7.12.15): phases that end when all arrivals and all announced bytes have come.
/// </summary>
/// <param name="address">Its place in shared memory.</param>
/// <param name="slot">Its place in every warp's clocks, behind those of the warps. Two are its own: what asynchronous
/// bulk copies write is stamped with the first, what <c>cp.async</c> writes with the second.</param>
/// <param name="clocks">Length of a warp's clocks.</param>
internal sealed class SimMbarrier(int address, int slot, int clocks)
{
    /// <summary>Clocks a block keeps for mbarriers, two for each.</summary>
    public const int Slots = 256;

    private const int Most = (1 << 20) - 1;

    // What who has arrived knew and had fenced, in this phase and in the one before.
    private int[] known = new int[clocks], fenced = new int[clocks];
    private int[] lastKnown = new int[clocks], lastFenced = new int[clocks];
    private int expected, clock;
    private bool seen;

    /// <summary>Its place in shared memory.</summary>
    public int Address => address;

    /// <summary>The stamp's place of bulk copies.</summary>
    public int Slot => slot;

    /// <summary>The phase that arrivals count for, from 0.</summary>
    public int Phase { get; private set; }

    /// <summary>Arrivals that the phase lacks.</summary>
    public int Pending { get; private set; }

    /// <summary>Announced bytes that the phase lacks; negative when more have come than were announced.</summary>
    public int Bytes { get; private set; }

    /// <summary>Who made it, for races between making and using it.</summary>
    public int Maker { get; private set; }

    /// <summary>When it was made, by its maker's clock.</summary>
    public int Made { get; private set; }

    /// <summary>True once its making is fenced, so that asynchronous copies find it.</summary>
    public bool IsFenced { get; set; }

    /// <summary>The clock that what completes in this phase is stamped with.</summary>
    public int Stamp => clock + 1;

    /// <summary>True for stamps of what came through the async proxy, whose completion makes it known to all.</summary>
    public static bool IsProxied(int writer, int warps) => writer >= warps && (writer - warps) % 2 == 0;

    /// <summary>Starts again at phase 0.</summary>
    public void Init(SimWarp warp, uint count)
    {
        if (count is 0 or > Most) throw new SimException($"an mbarrier for {count} arrivals; allowed are 1 to {Most}");
        (expected, Pending, Bytes, Phase, seen, IsFenced) = ((int)count, (int)count, 0, 0, false, false);
        (Maker, Made) = (warp.Index, warp.Now);
        clock++;
        Forget();
    }

    /// <summary>Announces bytes.</summary>
    public void Expect(uint bytes) => Bytes = Within(Bytes + (long)bytes);

    /// <summary>Announced bytes have come.</summary>
    /// <param name="warp">Who says so and knows it therefore; null for a copy.</param>
    /// <param name="bytes">How many.</param>
    public void Complete(SimWarp? warp, uint bytes)
    {
        Bytes = Within(Bytes - (long)bytes);
        TryEnd(warp);
    }

    /// <summary>A copy's bytes come, but not at once.</summary>
    public void CompleteLater(SimWarp warp, uint bytes)
    {
        var stamp = Stamp;
        warp.Block.Later(warp, () =>
        {
            NeedPhase(stamp);
            Complete(null, bytes);
        });
    }

    /// <summary>Throws when the phase is over that what comes now belongs to.</summary>
    /// <param name="stamp">What it was stamped with.</param>
    public void NeedPhase(int stamp)
    {
        if (stamp != Stamp) throw new SimException($"the phase was over before this came to the {this}");
    }

    /// <summary>Takes part of the phase's arrivals.</summary>
    /// <param name="warp">Who arrives: who waits will know of its earlier accesses. Null for a copy.</param>
    /// <param name="count">How many.</param>
    /// <param name="drop">True when as many fewer are expected from the next phase on.</param>
    /// <returns>The state before, as the instruction gives it.</returns>
    public ulong Arrive(SimWarp? warp, uint count, bool drop = false)
    {
        if (count == 0 || count > Pending)
            throw new SimException($"{count} arrivals at the {this}");
        if (Phase > 0 && !seen)
            throw new SimException($"an arrival in phase {Phase} of the mbarrier at shared byte {address}, and nobody "
                + "has waited for the phase before it");
        var state = (ulong)(uint)Phase | (ulong)(uint)Pending << 32;
        if (warp is not null)
        {
            SimWarp.Merge(known, warp.Clock);
            SimWarp.Merge(fenced, warp.Fenced);
        }
        Pending -= (int)count;
        if (drop) expected -= (int)count;
        TryEnd(warp);
        return state;
    }

    /// <summary>One arrival more is expected in this phase alone.</summary>
    public void ExpectArrival() => Pending = Within(Pending + 1L);

    /// <summary>True when a phase is over. Who cannot know it yet is told once that it is not (<see cref="Tell"/>): it
    /// could have come a moment sooner.</summary>
    /// <param name="warp">Who asks.</param>
    /// <param name="phase">The phase; it must be the current one or the one before.</param>
    public bool IsOver(SimWarp warp, int phase)
    {
        if (phase != Phase && phase != Phase - 1)
            throw new SimException($"a wait for phase {phase} of the {this}");
        if (phase == Phase) return false;
        return phase < 0 || warp.Clock[slot] >= clock || warp.Told[slot] >= clock;
    }

    /// <summary>Notes that a warp has asked.</summary>
    public void Tell(SimWarp warp) => warp.Told[slot] = clock;

    /// <summary>Tells a warp that has seen the last phase end what was done before.</summary>
    public void Acquire(SimWarp warp)
    {
        seen = true;
        SimWarp.Merge(warp.Clock, lastKnown);
        SimWarp.Merge(warp.Fenced, lastFenced);
        var done = Math.Max(warp.Clock[slot], clock);
        warp.Clock[slot] = warp.Clock[slot + 1] = done;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"mbarrier at shared byte {address} (phase {Phase}, {Pending} arrivals and {Bytes} bytes to come)";

    private void TryEnd(SimWarp? by)
    {
        if (Pending != 0 || Bytes != 0) return;
        Phase++;
        clock++;
        Pending = expected;
        seen = false;
        if (by is not null) by.Told[slot] = clock;
        (known, lastKnown, fenced, lastFenced) = (lastKnown, known, lastFenced, fenced);
        Array.Clear(known);
        Array.Clear(fenced);
    }

    private void Forget()
    {
        Array.Clear(known);
        Array.Clear(lastKnown);
        Array.Clear(fenced);
        Array.Clear(lastFenced);
    }

    private int Within(long count) => Math.Abs(count) <= Most ? (int)count
        : throw new SimException($"a count of {count} at the {this}: at most {Most} are allowed");
}
