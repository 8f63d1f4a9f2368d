namespace Diffract.Engine.Sim;

/// <summary>What copies and products that run by themselves do with shared memory. They see it through another path
/// than threads do (the async proxy, PTX ISA 8.4, section 9.7.8.24.2): what threads wrote must have been fenced. What a
/// copy writes carries the clock of the mbarrier that it completes, as if the mbarrier were a warp.</summary>
internal sealed partial class SimShared
{
    /// <summary>Asynchronous reads and writes come in pieces of this many bytes.</summary>
    public const int Piece = 16;

    // An mbarrier has 8 bytes; asynchronous reads under way are counted alike.
    private const int Unit = 8;
    private const int IsBarrier = -1;

    // For every unit how many asynchronous reads are under way, or that it is an mbarrier. There once it is needed:
    // plain kernels need none of it.
    private int[]? units;

    /// <summary>A piece that an asynchronous operation reads from now on, until <see cref="Release"/>.</summary>
    public ReadOnlySpan<byte> LoadAsync(SimWarp warp, int address)
    {
        var at = Check((ulong)address, Piece, "an asynchronous read");
        units ??= new int[bytes.Length / Unit + 1];
        NeedNoBarrier(at, Piece, "an asynchronous read");
        See(warp, at, Piece);
        NeedFence(warp, at, Piece);
        for (var u = at / Unit; u < (at + Piece) / Unit; u++) units[u]++;
        return bytes.AsSpan(at, Piece);
    }

    /// <summary>The piece at an address is read no longer: the warp has waited for it.</summary>
    public void Release(SimWarp warp, int address)
    {
        for (var u = address / Unit; u < (address + Piece) / Unit; u++) units![u]--;
        for (var g = address / Grain; g < (address + Piece) / Grain; g++) readClock[g * warps + warp.Index] = warp.Now;
    }

    /// <summary>Bytes that an asynchronous operation writes, to be seen by who waits for an mbarrier.</summary>
    /// <param name="warp">Who has started it.</param>
    /// <param name="address">First byte.</param>
    /// <param name="from">What is written.</param>
    /// <param name="slot">The mbarrier's place in clocks; see <see cref="SimMbarrier"/>.</param>
    /// <param name="clock">The mbarrier's clock when it is done.</param>
    /// <param name="fenced">True when it goes through the async proxy.</param>
    public void StoreAsync(SimWarp warp, ulong address, ReadOnlySpan<byte> from, int slot, int clock, bool fenced)
    {
        if (from.Length == 0) return;
        if (address + (ulong)from.Length > (ulong)bytes.Length || address > (ulong)bytes.Length)
            throw new SimException($"an asynchronous copy of {from.Length} bytes to shared byte {address} of "
                + $"{bytes.Length}: out of bounds");
        var at = (int)address;
        if (units is not null) NeedNoReader(at, from.Length, "an asynchronous copy");
        if (fenced) NeedFence(warp, at, from.Length);
        for (var g = at / Grain; g <= (at + from.Length - 1) / Grain; g++)
        {
            Order(warp, g);
            (writer[g], writeClock[g]) = (slot, clock);
        }
        written.AsSpan(at, from.Length).Fill(true);
        pending.AsSpan(at, from.Length).Clear();
        from.CopyTo(bytes.AsSpan(at));
    }

    /// <summary>Makes 8 bytes an mbarrier, or takes them back: nobody may read or write them in between.</summary>
    public void SetBarrier(SimWarp warp, int address, bool isBarrier)
    {
        units ??= new int[bytes.Length / Unit + 1];
        if (isBarrier) Store(warp, (ulong)address, Unit);
        units[address / Unit] = isBarrier ? IsBarrier : 0;
    }

    private void ClearUnits()
    {
        if (units is null) return;
        Array.Clear(units);
        Array.Clear(writeClock);
        Array.Clear(readClock);
    }

    private void NeedNoBarrier(int at, int count, string what)
    {
        for (var u = at / Unit; u <= (at + count - 1) / Unit; u++)
            if (units![u] == IsBarrier)
                throw new SimException($"{what} of shared byte {u * Unit}, where an mbarrier lies");
    }

    private void NeedNoReader(int at, int count, string what)
    {
        NeedNoBarrier(at, count, what);
        for (var u = at / Unit; u <= (at + count - 1) / Unit; u++)
            if (units![u] > 0)
                throw new SimException(
                    $"{what} of shared byte {u * Unit}, which an asynchronous operation still reads");
    }

    // What threads have written must be fenced between their writing and here.
    private void NeedFence(SimWarp warp, int at, int count)
    {
        for (var g = at / Grain; g <= (at + count - 1) / Grain; g++)
            if (written[g * Grain] && !SimMbarrier.IsProxied(writer[g], warps)
                && writeClock[g] > warp.Fenced[writer[g]])
                throw new SimException($"an asynchronous operation touches shared byte {g * Grain}, which a thread "
                    + $"of warp {Math.Min(writer[g], warps - 1)} has written: a fence.proxy.async must come in "
                    + "between");
    }
}
