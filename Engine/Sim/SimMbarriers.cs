namespace Diffract.Engine.Sim;

/// <summary>The mbarriers of a block, by their place in shared memory.</summary>
internal sealed class SimMbarriers(SimBlock block)
{
    private readonly Dictionary<int, SimMbarrier> live = [], dead = [];

    /// <summary>A new block of threads.</summary>
    public void Clear()
    {
        live.Clear();
        dead.Clear();
    }

    /// <summary>Makes one.</summary>
    public void Init(SimWarp warp, ulong address, uint count)
    {
        var at = Check(address);
        if (live.ContainsKey(at))
            throw new SimException($"there is an mbarrier at shared byte {at} already; mbarrier.inval ends it");
        block.Shared.SetBarrier(warp, at, true);
        if (!dead.Remove(at, out var barrier))
        {
            var slot = block.WarpCount + 2 * (live.Count + dead.Count);
            if (slot + 1 >= warp.Clock.Length)
                throw new SimException($"more than {SimMbarrier.Slots / 2} mbarriers in a block");
            barrier = new SimMbarrier(at, slot, warp.Clock.Length);
        }
        barrier.Init(warp, count);
        live[at] = barrier;
    }

    /// <summary>Ends one: its memory can be used for something else.</summary>
    public void Inval(SimWarp warp, ulong address)
    {
        var barrier = At(warp, address);
        live.Remove(barrier.Address);
        dead[barrier.Address] = barrier;
        block.Shared.SetBarrier(warp, barrier.Address, false);
    }

    /// <summary>The one at an address, for a warp that knows of its making.</summary>
    public SimMbarrier At(SimWarp warp, ulong address)
    {
        if (!live.TryGetValue(Check(address), out var barrier))
            throw new SimException($"there is no mbarrier at shared byte {address}");
        if (barrier.Maker != warp.Index && barrier.Made > warp.Clock[barrier.Maker])
            throw new SimException($"a race: warp {warp.Index} uses the mbarrier at shared byte {address}, which warp "
                + $"{barrier.Maker} made without a barrier in between");
        return barrier;
    }

    /// <summary>The one at an address, for an asynchronous copy: its making must be fenced.</summary>
    public SimMbarrier ForCopy(SimWarp warp, ulong address)
    {
        var barrier = At(warp, address);
        return barrier.IsFenced ? barrier
            : throw new SimException($"an asynchronous copy uses the mbarrier at shared byte {address}, whose making "
                + "no fence.mbarrier_init or fence.proxy.async follows");
    }

    /// <summary>Fences the making of those that a warp knows of.</summary>
    public void Fence(SimWarp warp)
    {
        foreach (var barrier in live.Values) if (barrier.Made <= warp.Clock[barrier.Maker]) barrier.IsFenced = true;
    }

    private static int Check(ulong address) => address % 8 == 0 && address <= int.MaxValue ? (int)address
        : throw new SimException($"an mbarrier at shared byte {address}: misaligned");
}
