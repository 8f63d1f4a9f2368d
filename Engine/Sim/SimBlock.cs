namespace Diffract.Engine.Sim;

/// <summary>A block of threads: its warps, its shared memory, its barriers.</summary>
internal sealed class SimBlock
{
    // A warp runs this long before another gets its turn: long enough to be quick, short enough that one that waits for
    // another in a loop does not wait long.
    private const int Slice = 4096;

    // So often may all warps look in vain whether what they wait for has come.
    private const int Idle = 1000;

    private readonly SimWarp[] warps;
    private readonly int threads;
    private readonly Dictionary<int, Arrival> arrivals = [];
    private readonly Queue<(int Warp, string Text, Action Body)> later = new();
    private int clock;

    public SimBlock(SimProgram program, SimLaunch launch)
    {
        (Program, Launch) = (program, launch);
        threads = launch.Size.Block.X * launch.Size.Block.Y * launch.Size.Block.Z;
        WarpCount = (threads + SimWarp.Lanes - 1) / SimWarp.Lanes;
        Shared = new SimShared(program.SharedBytes + launch.Size.DynamicShared, WarpCount);
        Mbarriers = new SimMbarriers(this);
        Warpgroups = [.. Enumerable.Range(0, WarpCount / SimWarpgroup.Warps).Select(g => new SimWarpgroup(this, g))];
        ClusterKnown = new int[WarpCount + program.MbarrierSlots];
        ClusterFenced = new int[ClusterKnown.Length];
        warps = new SimWarp[WarpCount];
        for (var w = 0; w < WarpCount; w++)
            warps[w] = new SimWarp(program, this, w);
    }

    public SimProgram Program { get; }

    /// <summary>Sizes, arguments and memory of the launch.</summary>
    public SimLaunch Launch { get; }

    public int WarpCount { get; }

    public SimShared Shared { get; }

    /// <summary>Its position in the grid.</summary>
    public (int X, int Y, int Z) Position { get; private set; }

    /// <summary>Its mbarriers.</summary>
    public SimMbarriers Mbarriers { get; }

    /// <summary>Every four warps' agreement on what they multiply.</summary>
    public SimWarpgroup[] Warpgroups { get; }

    /// <summary>Registers that warps have given back and others may take.</summary>
    public int SpareRegisters { get; set; }

    /// <summary>What was known to warps when they arrived at the cluster's barrier.</summary>
    public int[] ClusterKnown { get; }

    /// <summary>What they had fenced for asynchronous operations.</summary>
    public int[] ClusterFenced { get; }

    /// <summary>True when all warps have arrived at the cluster's barrier so often.</summary>
    public bool HaveArrived(int times) =>
        Array.TrueForAll(warps, w => w.Waits == SimWait.Exit || w.Cluster.Arrivals >= times);

    /// <summary>Does something once every warp has had its turn: what runs by itself is not done at once.</summary>
    public void Later(SimWarp warp, Action body) => later.Enqueue((warp.Index, warp.Instruction, body));

    /// <summary>Some threads arrive at a barrier that they do not wait at.</summary>
    public void Arrive(SimWarp warp, int barrier, int wanted)
    {
        if (!arrivals.TryGetValue(barrier, out var here))
            arrivals[barrier] = here = new Arrival(new int[warp.Clock.Length], new int[warp.Clock.Length], wanted);
        if (here.Wanted != wanted) throw Different(barrier);
        SimWarp.Merge(here.Known, warp.Clock);
        SimWarp.Merge(here.Fenced, warp.Fenced);
        arrivals[barrier] = here with { Threads = here.Threads + SimWarp.Lanes };
        if (here.Threads + SimWarp.Lanes > wanted)
            throw new SimException($"{here.Threads + SimWarp.Lanes} threads arrive at barrier {barrier}, which waits "
                + $"for {wanted}");
        warp.Tick();
    }

    /// <summary>Runs all threads of the block at a position.</summary>
    public void Run((int X, int Y, int Z) position)
    {
        Position = position;
        Shared.Clear();
        Mbarriers.Clear();
        arrivals.Clear();
        later.Clear();
        foreach (var group in Warpgroups) group.Clear();
        Array.Clear(ClusterKnown);
        Array.Clear(ClusterFenced);
        SpareRegisters = 0;
        foreach (var warp in warps) clock = Math.Max(clock, warp.Now);
        clock++;
        for (var w = 0; w < warps.Length; w++)
            warps[w].Start(Math.Min(SimWarp.Lanes, threads - w * SimWarp.Lanes), clock);
        var idle = 0;
        long turns = 0;
        while (true)
        {
            var moved = false;
            foreach (var warp in warps)
            {
                if (warp.Waits != SimWait.Nothing && !warp.Resume(givesUp: false)) continue;
                if (++turns > Launch.MostTurns)
                    throw new SimException($"{Program.Name}, block {Position}: it does not end");
                warp.Run(Slice);
                moved = true;
            }
            if (Array.TrueForAll(warps, w => w.Waits == SimWait.Exit)) break;
            if (DoLater() | OpenBarriers() || moved)
            {
                idle = 0;
                continue;
            }
            // Those who have been told to look again do so; when that leads nowhere, nothing will.
            idle++;
            foreach (var warp in warps) if (warp.Resume(givesUp: idle < Idle)) moved = true;
            if (!moved) throw Deadlock();
            foreach (var warp in warps) if (warp.Waits == SimWait.Nothing) warp.Run(Slice);
        }
        if (later.TryPeek(out var left))
            throw new SimException($"{Program.Name}, block {Position}: it ends before what warp {left.Warp} has "
                + $"started in '{left.Text}' has come");
        foreach (var group in Warpgroups) group.NeedEnd();
    }

    // Opens every barrier that all it waits for have reached.
    private bool OpenBarriers()
    {
        var opened = false;
        foreach (var barrier in warps.Where(w => w.Waits == SimWait.Barrier).GroupBy(w => w.Barrier).ToList())
        {
            var here = barrier.ToList();
            var wanted = here[0].BarrierThreads;
            arrivals.TryGetValue(barrier.Key, out var arrived);
            if (here.Exists(w => w.BarrierThreads != wanted) || (arrived is not null && arrived.Wanted != wanted))
                throw Different(barrier.Key);
            if (wanted == 0 && warps.Any(w => w.Waits != SimWait.Exit && !here.Contains(w))) continue;
            if (wanted > 0 && here.Count * SimWarp.Lanes + (arrived?.Threads ?? 0) < wanted) continue;
            int[] known = new int[here[0].Clock.Length], fenced = new int[known.Length];
            foreach (var warp in here)
            {
                SimWarp.Merge(known, warp.Clock);
                SimWarp.Merge(fenced, warp.Fenced);
            }
            if (arrived is not null)
            {
                SimWarp.Merge(known, arrived.Known);
                SimWarp.Merge(fenced, arrived.Fenced);
                arrivals.Remove(barrier.Key);
            }
            foreach (var warp in here) warp.Release(known, fenced);
            opened = true;
        }
        return opened;
    }

    private bool DoLater()
    {
        var any = later.Count > 0;
        while (later.TryDequeue(out var next))
            try
            {
                next.Body();
            }
            catch (SimException e)
            {
                throw new SimException($"{Program.Name}, block {Position}, warp {next.Warp}, of '{next.Text}': "
                    + e.Message, e);
            }
        return any;
    }

    private SimException Different(int barrier) => new(
        $"{Program.Name}, block {Position}: warps come to barrier {barrier} for different numbers of threads");

    private SimException Deadlock() => new($"{Program.Name}, block {Position}: nothing moves any more; "
        + string.Join(", ", warps.Where(w => w.Waits is SimWait.Barrier or SimWait.Pause)
            .Select(w => $"warp {w.Index} waits " + (w.Pause is { } pause
                ? $"in '{pause.Text}' for {pause.What()}" : $"at barrier {w.Barrier}"))));

    // Threads that have arrived at a barrier and gone on.
    private sealed record Arrival(int[] Known, int[] Fenced, int Wanted, int Threads = 0);
}
