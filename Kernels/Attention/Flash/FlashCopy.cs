namespace Diffract.Kernels;

/// <summary>Copies rows of a head to shared memory, tile after tile. A thread has 16 bytes of every so many rows; rows
/// behind the last token become zeros.</summary>
internal sealed class FlashCopy
{
    private readonly PtxWriter k;
    private readonly PtxValue place, from, row, tokens, step, next;
    private readonly int rows, rowsAtOnce, rowBytes;

    /// <summary>Prepares the copies.</summary>
    /// <param name="k">The kernel.</param>
    /// <param name="layout">How rows lie in a tile.</param>
    /// <param name="source">The first token's channels in global memory.</param>
    /// <param name="sourceRow">Bytes from a token to the next.</param>
    /// <param name="tokens">Tokens that there are.</param>
    /// <param name="first">First token of the first tile.</param>
    /// <param name="rows">Rows of a tile.</param>
    public FlashCopy(PtxWriter k, MmaLayout layout, PtxValue source, PtxValue sourceRow, PtxValue tokens,
        PtxValue first, int rows)
    {
        (this.k, this.tokens, this.rows, rowBytes) = (k, tokens, rows, layout.RowBytes);
        rowsAtOnce = k.Threads / layout.Chunks;
        PtxValue chunk = k.Thread % layout.Chunks, own = k.Thread / layout.Chunks;
        place = layout.At(own, chunk);
        row = k.Variable(PtxNumber.S32, own.Seen(PtxNumber.S32) + first);
        from = k.Variable(PtxNumber.U64, source + row.To(PtxNumber.S64).Seen(PtxNumber.U64) * sourceRow
            + chunk.Wide(16));
        (step, next) = (sourceRow * rowsAtOnce, sourceRow * rows);
    }

    /// <summary>Starts the copies of a tile; the next call is for the next one.</summary>
    public void Issue(PtxValue tile)
    {
        var (to, at) = (tile + place, from);
        for (var r = 0; r < rows; r += rowsAtOnce)
        {
            var size = (row + r < tokens).Choose(16, 0);
            k.Emit($"cp.async.cg.shared.global [{to}+{r * rowBytes}], [{at}], 16, {size};");
            at += step;
        }
        k.Set(row, row + rows);
        k.Set(from, from + next);
    }
}
