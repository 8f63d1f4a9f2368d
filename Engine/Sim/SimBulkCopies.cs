namespace Diffract.Engine.Sim;

/// <summary>A warp's bulk copies out of shared memory (<c>cp.async.bulk</c> with <c>.bulk_group</c>). Until a lane has
/// waited for its group, nobody may write what the copies read.</summary>
internal sealed class SimBulkCopies
{
    private readonly List<int>[] open = new List<int>[SimWarp.Lanes];
    private readonly Queue<List<int>>[] groups = new Queue<List<int>>[SimWarp.Lanes];
    private bool used;

    /// <summary>True while any is under way.</summary>
    public bool Any => used && (open.Any(o => o?.Count > 0) || groups.Any(g => g?.Any(c => c.Count > 0) ?? false));

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        if (!used) return;
        Array.Clear(open);
        Array.Clear(groups);
        used = false;
    }

    /// <summary>Adds a piece of shared memory that a copy reads.</summary>
    public void Add(int lane, int address)
    {
        used = true;
        (open[lane] ??= []).Add(address);
    }

    /// <summary>Closes a lane's group.</summary>
    public void Commit(int lane)
    {
        used = true;
        (groups[lane] ??= []).Enqueue(open[lane] ?? []);
        open[lane] = [];
    }

    /// <summary>Waits for a lane's groups, the newest excepted.</summary>
    public void Wait(SimWarp warp, int lane, int groupsLeft)
    {
        while (groups[lane]?.Count > groupsLeft)
            foreach (var address in groups[lane].Dequeue()) warp.Block.Shared.Release(warp, address);
    }
}
