namespace Diffract.Engine.Sim;

/// <summary>A block of threads: its warps, its shared memory, its barriers.</summary>
internal sealed class SimBlock
{
    // A warp runs this long before another gets its turn: long enough to be quick, short enough that one that waits for
    // another in a loop does not wait long.
    private const int Slice = 4096;

    private readonly SimWarp[] warps;
    private readonly int threads;
    private int clock;

    public SimBlock(SimProgram program, SimLaunch launch)
    {
        (Program, Launch) = (program, launch);
        threads = launch.Size.Block.X * launch.Size.Block.Y * launch.Size.Block.Z;
        WarpCount = (threads + SimWarp.Lanes - 1) / SimWarp.Lanes;
        Shared = new SimShared(program.SharedBytes + launch.Size.DynamicShared, WarpCount);
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

    /// <summary>Runs all threads of the block at a position.</summary>
    public void Run((int X, int Y, int Z) position)
    {
        Position = position;
        Shared.Clear();
        foreach (var warp in warps) clock = Math.Max(clock, warp.Now);
        clock++;
        for (var w = 0; w < warps.Length; w++)
            warps[w].Start(Math.Min(SimWarp.Lanes, threads - w * SimWarp.Lanes), clock);
        while (true)
        {
            var moved = false;
            foreach (var warp in warps)
            {
                if (warp.Waits != SimWait.Nothing) continue;
                warp.Run(Slice);
                moved = true;
            }
            if (Array.TrueForAll(warps, w => w.Waits == SimWait.Exit)) return;
            if (!OpenBarriers() && !moved) throw Deadlock();
        }
    }

    // Opens every barrier that all it waits for have reached.
    private bool OpenBarriers()
    {
        var opened = false;
        foreach (var barrier in warps.Where(w => w.Waits == SimWait.Barrier).GroupBy(w => w.Barrier).ToList())
        {
            var here = barrier.ToList();
            var wanted = here[0].BarrierThreads;
            if (wanted == 0 && warps.Any(w => w.Waits != SimWait.Exit && !here.Contains(w))) continue;
            if (wanted > 0 && here.Count * SimWarp.Lanes < wanted) continue;
            var known = new int[WarpCount];
            foreach (var warp in here)
                for (var w = 0; w < WarpCount; w++) known[w] = Math.Max(known[w], warp.Clock[w]);
            foreach (var warp in here) warp.Release(known);
            opened = true;
        }
        return opened;
    }

    private SimException Deadlock() => new($"{Program.Name}, block {Position}: nothing moves any more; "
        + string.Join(", ", warps.Where(w => w.Waits == SimWait.Barrier)
            .Select(w => $"warp {w.Index} waits at barrier {w.Barrier}")));
}
