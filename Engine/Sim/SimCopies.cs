namespace Diffract.Engine.Sim;

/// <summary>Bytes on their way to shared memory.</summary>
/// <param name="Target">Where to.</param>
/// <param name="Bytes">What.</param>
internal readonly record struct SimCopy(ulong Target, byte[] Bytes);

/// <summary>A warp's asynchronous copies (<c>cp.async</c>). A device may do them at any time until they are waited for;
/// here they are done at the last moment, so that who does not wait finds nothing.</summary>
internal sealed class SimCopies
{
    private readonly List<SimCopy>[] open = new List<SimCopy>[SimWarp.Lanes];
    private readonly Queue<List<SimCopy>>[] groups = new Queue<List<SimCopy>>[SimWarp.Lanes];

    public SimCopies()
    {
        for (var l = 0; l < SimWarp.Lanes; l++) (open[l], groups[l]) = ([], new Queue<List<SimCopy>>());
    }

    /// <summary>True while any is under way.</summary>
    public bool Any => open.Any(o => o.Count > 0) || groups.Any(g => g.Any(c => c.Count > 0));

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        foreach (var copies in open) copies.Clear();
        foreach (var queue in groups) queue.Clear();
    }

    /// <summary>Starts a copy.</summary>
    public void Add(int lane, SimCopy copy) => open[lane].Add(copy);

    /// <summary>Closes a lane's group of copies.</summary>
    public void Commit(int lane)
    {
        groups[lane].Enqueue(open[lane]);
        open[lane] = [];
    }

    /// <summary>Does a lane's copies, the newest <paramref name="groupsLeft"/> groups excepted.</summary>
    public void Wait(SimWarp warp, int lane, int groupsLeft)
    {
        while (groups[lane].Count > groupsLeft)
            foreach (var copy in groups[lane].Dequeue())
                copy.Bytes.CopyTo(warp.Block.Shared.Store(warp, copy.Target, copy.Bytes.Length));
    }

    /// <summary>Does all of a lane's copies.</summary>
    public void WaitAll(SimWarp warp, int lane)
    {
        Commit(lane);
        Wait(warp, lane, 0);
    }

    /// <summary>Gives all of a lane's copies away, to be done by another.</summary>
    public IEnumerable<SimCopy> Take(int lane)
    {
        Commit(lane);
        while (groups[lane].TryDequeue(out var copies)) foreach (var copy in copies) yield return copy;
    }
}
