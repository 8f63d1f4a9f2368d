namespace Diffract.Engine.Sim;

/// <summary>Asynchronous copies (section 9.7.8.24).</summary>
internal sealed unsafe partial class SimDecoder
{
    private Action<SimWarp, uint> AsyncCopy(PtxStatement s)
    {
        if (s.Words[1] != "async") throw Unknown(s);
        switch (s.Words[2])
        {
            case "commit_group":
                return (warp, lanes) => ForLanes(lanes, warp.Copies.Commit);
            case "wait_all":
                return (warp, lanes) => ForLanes(lanes, l => warp.Copies.WaitAll(warp, l));
            case "wait_group":
                var left = (int)(s.Operands[0].TryNumber(out var n) ? n : throw Unknown(s));
                return (warp, lanes) => ForLanes(lanes, l => warp.Copies.Wait(warp, l, left));
            case "ca" or "cg":
                return Copy(s);
            case "mbarrier":
                return ArriveWithCopies(s);
            case "bulk":
                return BulkCopy(s);
            default:
                throw Unknown(s);
        }
    }

    // cp.async.ca.shared.global [to], [from], bytes {, bytes read; the rest is 0}
    private Action<SimWarp, uint> Copy(PtxStatement s)
    {
        AllowMemory(s, "async");
        if (!s.Operands[2].TryNumber(out var length) || length is not (4 or 8 or 16)) throw Unknown(s);
        if (s.Has("cg") && length != 16) throw Unknown(s);
        int to = Source(s, 0), from = Source(s, 1), count = (int)length;
        var reads = s.Operands.Count > 3 ? Source(s, 3) : -1;
        long toOffset = s.Operands[0].Offset, fromOffset = s.Operands[1].Offset;
        return (warp, lanes) => ForLanes(lanes, l =>
        {
            var target = warp.Registers[to + l] + (ulong)toOffset;
            var source = warp.Registers[from + l] + (ulong)fromOffset;
            var read = reads < 0 ? count : (int)Math.Min((uint)warp.Registers[reads + l], (uint)count);
            warp.Block.Shared.Promise(warp, target, count);
            // The address is checked when the copy starts, though the bytes come later.
            var bytes = new byte[count];
            if (source % (ulong)count != 0)
                throw new SimException($"a copy of {count} bytes from a misaligned address");
            for (var i = 0; i < read; i += 4)
                new ReadOnlySpan<byte>(warp.Block.Launch.Memory.Load(source + (ulong)i, 4), Math.Min(4, read - i))
                    .CopyTo(bytes.AsSpan(i));
            warp.Copies.Add(l, new SimCopy(target, bytes));
        });
    }

    // cp.async.mbarrier.arrive{.noinc} [at]: the phase ends no sooner than the lane's copies have come, and who waits
    // for it sees them.
    private Action<SimWarp, uint> ArriveWithCopies(PtxStatement s)
    {
        Allow(s, "async", "mbarrier", "arrive", "noinc", "shared", "shared::cta");
        var counted = s.Has("noinc");
        return AtEach(s, 0, (warp, l, at) =>
        {
            var barrier = warp.Block.Mbarriers.At(warp, at);
            if (!counted) barrier.ExpectArrival();
            foreach (var copy in warp.Copies.Take(l))
                warp.Block.Shared.StoreAsync(warp, copy.Target, copy.Bytes, barrier.Slot + 1, barrier.Stamp,
                    fenced: false);
            var stamp = barrier.Stamp;
            warp.Block.Later(warp, () =>
            {
                barrier.NeedPhase(stamp);
                barrier.Arrive(null, 1);
            });
        });
    }

    private static void ForLanes(uint lanes, Action<int> body)
    {
        for (var l = 0; l < SimWarp.Lanes; l++) if ((lanes >> l & 1) != 0) body(l);
    }
}
