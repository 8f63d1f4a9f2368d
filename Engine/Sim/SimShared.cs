namespace Diffract.Engine.Sim;

/// <summary>The shared memory of one block of threads, with what orders accesses to it. Every warp carries a clock for
/// every warp (vector clocks, as in FastTrack, Flanagan and Freund 2009): a barrier makes what was done before it known
/// to all who waited. Two accesses race when one of them writes and neither is known to have come before the other.
/// </summary>
internal sealed partial class SimShared
{
    // Clocks are kept for pairs of bytes: no kernel shares less between threads.
    private const int Grain = 2;

    private readonly byte[] bytes;
    private readonly bool[] written, pending;
    private readonly int[] writer, writeClock, readClock;
    private readonly int warps;

    /// <summary>Memory for one block after the other.</summary>
    public SimShared(int length, int warps)
    {
        this.warps = warps;
        bytes = new byte[length];
        written = new bool[length];
        pending = new bool[length];
        writer = new int[length / Grain + 1];
        writeClock = new int[length / Grain + 1];
        readClock = new int[(length / Grain + 1) * warps];
    }

    /// <summary>Bytes.</summary>
    public int Length => bytes.Length;

    /// <summary>A new block of threads: nothing is written any more. Its clocks must start behind all earlier ones.
    /// </summary>
    public void Clear()
    {
        Array.Clear(written);
        Array.Clear(pending);
        ClearUnits();
    }

    /// <summary>Bytes that a warp reads.</summary>
    public ReadOnlySpan<byte> Load(SimWarp warp, ulong address, int count)
    {
        var at = Check(address, count, "a read");
        if (units is not null) NeedNoBarrier(at, count, "a read");
        See(warp, at, count);
        return bytes.AsSpan(at, count);
    }

    // Bytes that are read must have been written, by who is known to have done it before.
    private void See(SimWarp warp, int at, int count)
    {
        for (var i = at; i < at + count; i++)
        {
            if (pending[i])
                throw new SimException($"a read of shared byte {i}, which an asynchronous copy is still to write");
            if (!written[i]) throw new SimException($"a read of shared byte {i}, which nothing has written");
        }
        for (var g = at / Grain; g <= (at + count - 1) / Grain; g++)
        {
            if (writer[g] != warp.Index && writeClock[g] > warp.Clock[writer[g]])
                throw new SimException(writer[g] < warps
                    ? $"a race: warp {warp.Index} reads shared byte {g * Grain}, which warp {writer[g]} wrote without "
                        + "a barrier in between"
                    : $"warp {warp.Index} reads shared byte {g * Grain}, which an asynchronous copy writes whose "
                        + "mbarrier it has not waited for");
            readClock[g * warps + warp.Index] = warp.Now;
        }
    }

    /// <summary>Bytes that a warp is about to write.</summary>
    public Span<byte> Store(SimWarp warp, ulong address, int count)
    {
        var at = Check(address, count, "a write");
        if (units is not null) NeedNoReader(at, count, "a write");
        for (var g = at / Grain; g <= (at + count - 1) / Grain; g++)
        {
            Order(warp, g);
            (writer[g], writeClock[g]) = (warp.Index, warp.Now);
        }
        written.AsSpan(at, count).Fill(true);
        pending.AsSpan(at, count).Clear();
        return bytes.AsSpan(at, count);
    }

    /// <summary>Notes that an asynchronous copy will write bytes: until it is waited for nobody may read them, and
    /// those who read what was there before must have been waited for.</summary>
    public void Promise(SimWarp warp, ulong address, int count)
    {
        var at = Check(address, count, "an asynchronous copy");
        if (units is not null) NeedNoReader(at, count, "an asynchronous copy");
        for (var g = at / Grain; g <= (at + count - 1) / Grain; g++) Order(warp, g);
        pending.AsSpan(at, count).Fill(true);
    }

    // A write comes after every other access that could be under way.
    private void Order(SimWarp warp, int grain)
    {
        if (writer[grain] != warp.Index && writeClock[grain] > warp.Clock[writer[grain]])
            throw new SimException($"a race: warp {warp.Index} writes shared byte {grain * Grain}, which "
                + (writer[grain] < warps ? $"warp {writer[grain]} wrote without a barrier in between"
                    : "an asynchronous copy writes whose mbarrier it has not waited for"));
        for (var w = 0; w < warps; w++)
            if (w != warp.Index && readClock[grain * warps + w] > warp.Clock[w])
                throw new SimException($"a race: warp {warp.Index} writes shared byte {grain * Grain}, which warp {w} "
                    + "read without a barrier in between");
    }

    private int Check(ulong address, int count, string what)
    {
        if (address + (ulong)count > (ulong)bytes.Length || address > (ulong)bytes.Length)
            throw new SimException(
                $"{what} of {count} bytes at shared byte {address} of {bytes.Length}: out of bounds");
        if (address % (ulong)count != 0)
            throw new SimException($"{what} of {count} bytes at shared byte {address}: misaligned");
        return (int)address;
    }
}
