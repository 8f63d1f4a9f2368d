namespace Diffract.Kernels;

/// <summary>Moments of the columns of a warpgroup's rows, which are a strip: each of its four warps has those of 16
/// rows, and they meet in shared memory.</summary>
internal sealed class HopperMoments
{
    private const int Warps = HopperTile.GroupThreads / 32, RowsOfWarp = HopperTile.GroupRows / Warps, Bytes = 8;

    private readonly PtxWriter k;
    private readonly int columns;
    private readonly PtxValue ofGroup, ofWarp, firstColumn, group;

    /// <summary>Takes shared memory for them.</summary>
    /// <param name="k">The kernel; both warpgroups that multiply come here.</param>
    /// <param name="tile">How it is cut.</param>
    /// <param name="group">The warpgroup's number among those that multiply.</param>
    /// <param name="firstColumn">First column of the tile.</param>
    public HopperMoments(PtxWriter k, HopperTile tile, PtxValue group, PtxValue firstColumn)
    {
        (this.k, columns, this.firstColumn, this.group) = (k, tile.Columns, firstColumn, group);
        ofGroup = k.Shared(HopperTile.Consumers * Warps * columns * Bytes) + group * (Warps * columns * Bytes);
        ofWarp = ofGroup + (k.Thread >> 5 & Warps - 1) * (columns * Bytes);
    }

    /// <summary>Takes the moments of a column that this thread has of its warp's rows.</summary>
    public void Take(PtxValue exists, PtxValue column, PtxValue mean, PtxValue squares) => k.If(exists, () =>
        k.Emit($"st.shared.v2.f32 [{ofWarp + (column - firstColumn) * Bytes}], {{{mean}, {squares}}};"));

    /// <summary>Writes those of all of the warpgroup's rows, when all have been taken.</summary>
    /// <param name="exists">True when there are such rows.</param>
    /// <param name="to">Where the strip's columns begin.</param>
    /// <param name="end">Columns of the result.</param>
    public void Write(PtxValue exists, PtxValue to, PtxValue end)
    {
        k.Comment("The four warps of a group wait for each other.");
        k.Emit($"bar.sync {group + 1}, {HopperTile.GroupThreads};");
        var thread = k.Thread & HopperTile.GroupThreads - 1;
        for (var c = 0; c < columns; c += HopperTile.GroupThreads)
        {
            var inTile = (thread + c).Seen(PtxNumber.S32);
            var column = firstColumn + inTile;
            k.If(exists & inTile < columns & column < end, () =>
            {
                var parts = Enumerable.Range(0, Warps).Select(w =>
                {
                    var two = k.Variables(PtxNumber.F32, 2);
                    k.Emit($"ld.shared.v2.f32 {{{two[0]}, {two[1]}}}, "
                        + $"[{ofGroup + inTile * Bytes}+{w * columns * Bytes}];");
                    return (Mean: two[0], Squares: two[1]);
                }).ToArray();
                var moments = new MmaMoments(k);
                for (var rows = RowsOfWarp; parts.Length > 1; rows *= 2)
                    parts = [.. parts.Chunk(2).Select(pair => moments.Merge(pair[0], pair[1], rows))];
                k.Emit($"st.global.v2.f32 [{to + column.Wide(Bytes).Seen(PtxNumber.U64)}], "
                    + $"{{{parts[0].Mean}, {parts[0].Squares}}};");
            });
        }
    }
}
