namespace Diffract.Kernels;

/// <summary>What the other warpgroups do: each multiplies its half of the tile's rows with all of its columns, one
/// slice after the other, and keeps the sums in registers.</summary>
internal sealed class HopperMultiply
{
    // Descriptors count in 16 bytes. Swizzled over 128 bytes, eight rows are an atom of 1 KiB; rows that run across
    // the depth stand in boxes, each one span wide and a slice deep.
    private const int Unit = 16;
    private const long Swizzle128 = 1L << 62;
    private const long AtomStride = 8L * HopperTile.SpanBytes / Unit << 32;
    private const long BoxStride = (long)HopperTile.Slice * HopperTile.SpanBytes / Unit << 16;

    private readonly PtxWriter k;
    private readonly HopperVariant variant;

    /// <summary>Prepares it.</summary>
    public HopperMultiply(PtxWriter k, HopperVariant variant) => (this.k, this.variant) = (k, variant);

    /// <summary>The sums of some slices.</summary>
    /// <param name="ring">Where slices come from.</param>
    /// <param name="slices">How many; at least one.</param>
    /// <param name="group">The warpgroup's number among those that multiply.</param>
    /// <returns>Of 16 rows (this warp's) and 8 columns each, as <c>mma.sync</c> leaves them.</returns>
    public PtxValue[][] Run(HopperRing ring, PtxValue slices, PtxValue group)
    {
        var sums = k.Variables(PtxNumber.F32, variant.Tile.Columns / 2);
        foreach (var sum in sums) k.Set(sum, k.Single(0));
        var place = ring.Begin(fetches: false);
        var isFirstLane = k.Lane.EqualTo(0);
        var always = k.Lane >= 0;
        // Half of the rows are 8 KiB behind, whichever way they run.
        var rows = group * (HopperTile.LeftBytes / HopperTile.Consumers);
        var before = k.Variable(PtxNumber.U32, place.Empty);
        k.For(0, slices, 1, slice =>
        {
            place.Wait(place.Full);
            var at = place.Slice;
            PtxValue left = Descriptor(at + rows, variant.LeftAlongDepth),
                right = Descriptor(at + HopperTile.LeftBytes, variant.RightAlongDepth);
            var adds = slice.UnequalTo(0);
            k.Emit("wgmma.fence.sync.aligned;");
            for (var step = 0; step < HopperTile.Slice / HopperTile.Step; step++)
                k.Emit($"wgmma.mma_async.sync.aligned.m64n{variant.Tile.Columns}k{HopperTile.Step}.f32."
                    + $"{variant.Numbers.Name()}.{variant.Numbers.Name()} {{{string.Join(", ", sums)}}}, "
                    + $"{left + step * Ahead(variant.LeftAlongDepth)}, "
                    + $"{right + step * Ahead(variant.RightAlongDepth)}, {always}, 1, 1, "
                    + $"{(variant.LeftAlongDepth ? 0 : 1)}, {(variant.RightAlongDepth ? 0 : 1)};");
            k.Emit("wgmma.commit_group.sync.aligned;");
            k.Comment("The slice before this one is multiplied: it may be overwritten.");
            k.Emit("wgmma.wait_group.sync.aligned 1;");
            k.Emit(isFirstLane & adds, $"mbarrier.arrive.shared::cta.b64 _, [{before}];");
            k.Set(before, place.Empty);
            place.Advance();
        });
        k.Emit("wgmma.wait_group.sync.aligned 0;");
        return [.. sums.Chunk(4)];
    }

    // Descriptor units from one step to the next: 32 bytes of every row, or 16 rows.
    private static int Ahead(bool alongDepth) =>
        (alongDepth ? HopperTile.Step * 2 : HopperTile.Step * HopperTile.SpanBytes) / Unit;

    private static PtxValue Descriptor(PtxValue at, bool alongDepth) =>
        (at >> 4).To(PtxNumber.U64) | (Swizzle128 | AtomStride | (alongDepth ? 1L << 16 : BoxStride));
}
