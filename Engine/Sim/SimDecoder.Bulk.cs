namespace Diffract.Engine.Sim;

/// <summary>Bulk copies, of runs of bytes and of boxes of tensors (sections 9.7.8.24.4 to 9.7.8.24.6). What a copy
/// reads is read at once; what it writes to shared memory can be read by who has waited for its mbarrier.</summary>
internal sealed unsafe partial class SimDecoder
{
    private const string Completes = "mbarrier::complete_tx::bytes";

    private Action<SimWarp, uint> BulkCopy(PtxStatement s)
    {
        NeedTarget(s, "sm_90");
        switch (s.Words[3])
        {
            case "commit_group":
                return (warp, lanes) => ForLanes(lanes, warp.BulkCopies.Commit);
            case "wait_group":
                Allow(s, "async", "bulk", "wait_group", "read");
                if (!s.Operands[0].TryNumber(out var left)) throw Unknown(s);
                return (warp, lanes) => ForLanes(lanes, l => warp.BulkCopies.Wait(warp, l, (int)left));
            case "tensor":
                return TensorCopy(s);
        }
        var hinted = s.Words[^1] == "L2::cache_hint";
        var words = s.Words.Skip(3).Take(s.Words.Count - (hinted ? 4 : 3)).ToList();
        if (words is ["shared::cluster", "global", Completes] && s.Operands.Count == (hinted ? 5 : 4))
            return FromGlobal(s);
        if (words is ["global", "shared::cta", "bulk_group"] && s.Operands.Count == (hinted ? 4 : 3))
            return ToGlobal(s);
        throw Unknown(s);
    }

    // [shared], [global], bytes, [mbarrier]
    private Action<SimWarp, uint> FromGlobal(PtxStatement s)
    {
        int to = Source(s, 0), from = Source(s, 1), size = Source(s, 2), at = Source(s, 3);
        long toOffset = s.Operands[0].Offset, fromOffset = s.Operands[1].Offset, atOffset = s.Operands[3].Offset;
        return (warp, lanes) => ForLanes(lanes, l =>
        {
            var (target, source) = (warp.Registers[to + l] + (ulong)toOffset,
                warp.Registers[from + l] + (ulong)fromOffset);
            var count = (uint)warp.Registers[size + l];
            NeedAligned(target, source, count);
            var barrier = warp.Block.Mbarriers.ForCopy(warp, warp.Registers[at + l] + (ulong)atOffset);
            var bytes = new byte[count];
            var memory = warp.Block.Launch.Memory;
            for (var i = 0; i < bytes.Length; i += SimShared.Piece)
                new ReadOnlySpan<byte>(memory.Load(source + (ulong)i, SimShared.Piece), SimShared.Piece)
                    .CopyTo(bytes.AsSpan(i));
            warp.Block.Shared.StoreAsync(warp, target, bytes, barrier.Slot, barrier.Stamp, fenced: true);
            barrier.CompleteLater(warp, count);
        });
    }

    // [global], [shared], bytes
    private Action<SimWarp, uint> ToGlobal(PtxStatement s)
    {
        int to = Source(s, 0), from = Source(s, 1), size = Source(s, 2);
        long toOffset = s.Operands[0].Offset, fromOffset = s.Operands[1].Offset;
        return (warp, lanes) => ForLanes(lanes, l =>
        {
            var (target, source) = (warp.Registers[to + l] + (ulong)toOffset,
                warp.Registers[from + l] + (ulong)fromOffset);
            var count = (uint)warp.Registers[size + l];
            NeedAligned(target, source, count);
            for (uint i = 0; i < count; i += SimShared.Piece)
                ReadPiece(warp, l, source + i).CopyTo(
                    new Span<byte>(warp.Block.Launch.Memory.Store(target + i, SimShared.Piece), SimShared.Piece));
        });
    }

    private static void NeedAligned(ulong target, ulong source, uint count)
    {
        if (target % SimShared.Piece != 0 || source % SimShared.Piece != 0 || count % SimShared.Piece != 0)
            throw new SimException($"a bulk copy of {count} bytes from {source:x} to {target:x}: all must be multiples "
                + $"of {SimShared.Piece}");
    }

    // A piece that a lane's copy reads until the lane has waited for it.
    private static ReadOnlySpan<byte> ReadPiece(SimWarp warp, int lane, ulong address)
    {
        var piece = warp.Block.Shared.LoadAsync(warp, checked((int)address));
        warp.BulkCopies.Add(lane, (int)address);
        return piece;
    }

    // cp.async.bulk.tensor.Nd.shared::cluster.global{.tile}.mbarrier::complete_tx::bytes [to], [map, {c…}], [bar]
    // cp.async.bulk.tensor.Nd.global.shared::cta{.tile}.bulk_group [map, {c…}], [from]
    private Action<SimWarp, uint> TensorCopy(PtxStatement s)
    {
        var words = s.Words.Skip(5).Where(w => w is not ("tile" or "L2::cache_hint")).ToList();
        var loads = words is ["shared::cluster", "global", Completes];
        if (!loads && words is not ["global", "shared::cta", "bulk_group"]) throw Unknown(s);
        var place = s.Operands[loads ? 1 : 0];
        var count = (loads ? 3 : 2) + (s.Has("L2::cache_hint") ? 1 : 0);
        if (s.Operands.Count != count || place.Parts.Count != 2 || s.Words[4] is not [>= '1' and <= '5', 'd'])
            throw Unknown(s);
        int[] axes = [.. (place.Parts[1].Parts.Count > 0 ? place.Parts[1].Parts : [place.Parts[1]])
            .Select(p => program.Source(p, s))];
        if (axes.Length != s.Words[4][0] - '0') throw Unknown(s);
        var map = program.Source(place.Parts[0], s);
        int near = loads ? 0 : 1, shared = Source(s, near), at = loads ? Source(s, 2) : -1;
        long offset = s.Operands[near].Offset, atOffset = loads ? s.Operands[2].Offset : 0;
        return (warp, lanes) => ForLanes(lanes, l =>
        {
            var box = new SimTensorBox(MapAt(warp, l, warp.Registers[map + l]),
                [.. axes.Select(a => (int)(uint)warp.Registers[a + l])], warp.Registers[shared + l] + (ulong)offset);
            if (loads)
                box.Load(warp, warp.Block.Mbarriers.ForCopy(warp, warp.Registers[at + l] + (ulong)atOffset));
            else box.Store(warp.Block.Launch.Memory, address => ReadPiece(warp, l, (ulong)address));
        });
    }

    private static TensorMap MapAt(SimWarp warp, int lane, ulong address)
    {
        if (address % TensorMap.Alignment != 0)
            throw new SimException($"a tensor map at {address:x}, which is no multiple of {TensorMap.Alignment}");
        Span<byte> bytes = stackalloc byte[TensorMap.Bytes];
        for (var i = 0; i < bytes.Length; i += 16)
            Fetch(warp, lane, Space.Generic, address + (ulong)i, bytes.Slice(i, 16), atomic: false);
        return SimTensorMap.Decode(bytes);
    }

    // prefetch{.param | .const}.tensormap [map]
    private Action<SimWarp, uint> PrefetchMap(PtxStatement s)
    {
        Allow(s, "tensormap", "param", "const");
        NeedTarget(s, "sm_90");
        var (map, offset) = (Source(s, 0), (ulong)s.Operands[0].Offset);
        var window = s.Has("param") ? SimProgram.ParameterWindow : 0;
        return (warp, lanes) => ForLanes(lanes, l => MapAt(warp, l, warp.Registers[map + l] + offset + window));
    }
}
