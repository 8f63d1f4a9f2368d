namespace Diffract.Kernels;

/// <summary>How a slice of an operand lies in shared memory: rows of 16-byte chunks, whose places within a row are
/// exchanged (by exclusive or with some bits of the row) so that the eight rows that a warp reads at once come from
/// different banks.</summary>
/// <param name="AlongDepth">True when a row runs along the depth, false when it runs across.</param>
/// <param name="Span">Rows or columns of the block's tile.</param>
/// <param name="DepthBytes">Bytes of the slice along the depth.</param>
/// <param name="ElementBytes">Bytes of a number.</param>
/// <param name="IsShuffled">True when a warp reads every 32 rows in the order 0, 1, 8, 9, 16, 17, 24, 25, 2, 3, …: then
/// each of its threads ends up with eight neighbouring columns of the result.</param>
internal readonly record struct MmaLayout(bool AlongDepth, int Span, int DepthBytes, int ElementBytes, bool IsShuffled)
{
    /// <summary>Bytes of a row.</summary>
    public int RowBytes => AlongDepth ? DepthBytes : Span * ElementBytes;

    /// <summary>Rows.</summary>
    public int Rows => AlongDepth ? Span : DepthBytes / ElementBytes;

    /// <summary>Chunks of a row.</summary>
    public int Chunks => RowBytes / 16;

    /// <summary>Bytes of the slice.</summary>
    public int Bytes => Rows * RowBytes;

    /// <summary>First byte of a chunk.</summary>
    public PtxValue At(PtxValue row, PtxValue chunk) => row * RowBytes + ((chunk ^ Exchange(row)) << 4);

    // Rows of 64 bytes fill the banks in pairs, those of 128 alone. Floats across the depth are read one at a time, by
    // four rows of eight threads.
    private PtxValue Exchange(PtxValue row) => (AlongDepth, IsShuffled, DepthBytes) switch
    {
        (true, false, 64) => row >> 1 & 3,
        (true, false, _) => row & 7,
        (true, true, 64) => row >> 3 & 3,
        (true, true, _) => row & 1 | (row >> 3 & 3) << 1,
        _ => ElementBytes == 2 ? row & 7 : (row & 3) << 1,
    };
}
