namespace Diffract.Engine.Sim;

/// <summary>An mbarrier object: its phase ends when all expected arrivals and all expected bytes have come.</summary>
internal sealed class SimMbarrier(int arrivals, int warps)
{
    private readonly int[] known = new int[warps];
    private readonly int expected = arrivals;
    private int pending = arrivals;
    private long bytes;

    /// <summary>0, 1, 0, …: the phase that is under way.</summary>
    public int Phase { get; private set; }

    /// <summary>What the arrivals of ended phases had done.</summary>
    public ReadOnlySpan<int> Known => known;

    /// <summary>Bytes that copies will bring before the phase can end.</summary>
    public void Expect(long more) => bytes += more;

    /// <summary>A warp's arrival: whoever waits for the phase knows what it did before.</summary>
    public void Arrive(SimWarp warp, int count)
    {
        for (var w = 0; w < known.Length; w++) known[w] = Math.Max(known[w], warp.Clock[w]);
        warp.Tick();
        pending -= count;
        if (pending < 0) throw new SimException("more arrive at an mbarrier than it was made for");
        End();
    }

    /// <summary>Bytes have come.</summary>
    public void Complete(long come)
    {
        bytes -= come;
        End();
    }

    private void End()
    {
        if (pending != 0 || bytes != 0) return;
        Phase ^= 1;
        pending = expected;
    }
}
