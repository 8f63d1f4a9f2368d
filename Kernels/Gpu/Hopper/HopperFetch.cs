namespace Diffract.Kernels;

/// <summary>What the first warpgroup does: one thread of it fetches slices of both operands, as stages become free.
/// </summary>
internal sealed class HopperFetch
{
    private readonly PtxWriter k;
    private readonly HopperVariant variant;
    private readonly Func<string, PtxValue> sizes, box;

    /// <summary>Prepares it.</summary>
    /// <param name="k">The kernel.</param>
    /// <param name="variant">The variant.</param>
    /// <param name="sizes">Fields of <see cref="MmaSizes"/>.</param>
    /// <param name="box">Fields of <see cref="HopperBox"/>.</param>
    public HopperFetch(PtxWriter k, HopperVariant variant, Func<string, PtxValue> sizes, Func<string, PtxValue> box) =>
        (this.k, this.variant, this.sizes, this.box) = (k, variant, sizes, box);

    /// <summary>Addresses of the tensor maps.</summary>
    public required (PtxValue Left, PtxValue Right) Maps { get; init; }

    /// <summary>The tile's first row, or its box of places.</summary>
    public required (PtxValue First, HopperPlaces Places) Rows { get; init; }

    /// <summary>The tile's first column.</summary>
    public required PtxValue FirstColumn { get; init; }

    /// <summary>The tap that the tile's columns belong to, where they belong to one.</summary>
    public required PtxValue Tap { get; init; }

    /// <summary>Entry of the batch, or group.</summary>
    public required PtxValue Entry { get; init; }

    // The last coordinate: entries that share an operand see one.
    private PtxValue EntryOf(string side) => sizes($"{side}.Step").UnequalTo(0).Choose(Entry, 0);

    /// <summary>Fetches some slices.</summary>
    public void Run(HopperRing ring, PtxValue firstSlice, PtxValue slices)
    {
        PtxValue left = EntryOf("Left"), right = EntryOf("Right");
        var place = ring.Begin(fetches: true);
        var depth = new MmaDepth(k, HopperTile.Slice, variant.WalksTaps, sizes, firstSlice);
        var places = variant.WalksPlaces ? HopperPlaces.Of(box, firstSlice).Variable(k) : default;
        var (tapLine, tapColumn) = variant.WalksPlaces ? SeenBy(Tap / sizes("Window.KernelWidth")) : default;
        k.For(0, slices, 1, _ =>
        {
            place.Wait(place.Empty);
            var full = place.Full;
            k.Emit($"mbarrier.arrive.expect_tx.shared::cta.b64 _, [{full}], {variant.Tile.StageBytes};");
            var slice = place.Slice;
            Left(depth, places, left, slice, full);
            Right(depth, places, right, slice + HopperTile.LeftBytes, full, tapLine, tapColumn);
            place.Advance();
            if (variant.WalksPlaces) places.Advance(k, box, sizes);
            else depth.Advance();
        });
    }

    private void Left(MmaDepth depth, HopperPlaces places, PtxValue entry, PtxValue to, PtxValue full)
    {
        if (variant.WalksTaps)
        {
            var seen = Rows.Places;
            Copy(Maps.Left, to, full, depth.At, seen.Column + box("OffsetW") + depth.Column * box("StepW"),
                seen.Line + box("OffsetH") + depth.Line * box("StepH"), seen.Image, entry);
        }
        else if (variant.LeftAlongDepth) Copy(Maps.Left, to, full, depth.At, Rows.First, entry);
        else Across(HopperTile.Rows, (at, i) =>
        {
            if (variant.WalksPlaces)
                Copy(Maps.Left, to + at, full, Rows.First + i, places.Column, places.Line, places.Image, entry);
            else Copy(Maps.Left, to + at, full, Rows.First + i, depth.At, entry);
        });
    }

    private void Right(MmaDepth depth, HopperPlaces places, PtxValue entry, PtxValue to, PtxValue full,
        PtxValue tapLine, PtxValue tapColumn)
    {
        if (variant.WalksTaps)
            Copy(Maps.Right, to, full, depth.At, depth.Line * sizes("Window.KernelWidth") + depth.Column, FirstColumn,
                entry);
        else if (variant.RightAlongDepth) Copy(Maps.Right, to, full, depth.At, FirstColumn, entry);
        else Across(variant.Tile.Columns, (at, i) =>
        {
            if (variant.WalksPlaces)
                Copy(Maps.Right, to + at, full, FirstColumn + i, places.Column + tapColumn, places.Line + tapLine,
                    places.Image, entry);
            else Copy(Maps.Right, to + at, full, FirstColumn + i, depth.At, entry);
        });
    }

    // Pixels from a place to what its filter sees through this tile's tap.
    private (PtxValue Line, PtxValue Column) SeenBy(PtxValue line) => (box("OffsetH") + line * box("StepH"),
        box("OffsetW") + (Tap - line * sizes("Window.KernelWidth")) * box("StepW"));

    // Operands whose rows in memory run across come in boxes that are one span wide.
    private static void Across(int span, Action<int, int> copy)
    {
        for (var i = 0; i < span; i += HopperTile.Slice)
            copy(i / HopperTile.Slice * HopperTile.Slice * HopperTile.SpanBytes, i);
    }

    private void Copy(PtxValue map, PtxValue to, PtxValue full, params ReadOnlySpan<PtxValue> corner) => k.Emit(
        $"cp.async.bulk.tensor.{corner.Length}d.shared::cluster.global.mbarrier::complete_tx::bytes [{to}], "
        + $"[{map}, {{{string.Join(", ", corner.ToArray())}}}], [{full}];");
}
