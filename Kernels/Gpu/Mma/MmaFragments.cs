namespace Diffract.Kernels;

/// <summary>Takes an operand's fragments from shared memory into registers: of the left operand 16 rows, of the right
/// one 8 columns, each 32 bytes deep (16 short numbers or 8 floats), as <c>mma.sync</c> wants them spread over a warp.
/// </summary>
internal sealed class MmaFragments
{
    private readonly PtxWriter k;
    private readonly MmaLayout layout;
    private readonly bool isLeft;
    private readonly int count;
    // Places of a thread in a slice. Adding to the place of a chunk may carry into bits that the layout exchanges: for
    // each such sum there is a place of its own, and the rest are constants in the instructions.
    private readonly PtxValue[] places;

    /// <summary>Prepares a warp's part of one operand.</summary>
    /// <param name="k">The kernel.</param>
    /// <param name="layout">How the slice lies in shared memory.</param>
    /// <param name="isLeft">Which operand.</param>
    /// <param name="first">First row or column of the warp's part within the block's tile.</param>
    /// <param name="length">How many.</param>
    public MmaFragments(PtxWriter k, MmaLayout layout, bool isLeft, PtxValue first, int length)
    {
        (this.k, this.layout, this.isLeft) = (k, layout, isLeft);
        count = length / (isLeft ? 16 : 8);
        var lane = k.Lane;
        PtxValue place;
        if (layout.AlongDepth)
        {
            // Lane l has the address of row l % 8 of one of four 8 x 8 matrices: of the left operand two above one
            // another and two along the depth, of the right one two along the depth and then the next columns.
            PtxValue row = isLeft ? lane & 15 : Shuffled(lane);
            place = layout.At(first + row, isLeft ? lane >> 4 : lane >> 3 & 1);
            places = [.. Enumerable.Range(0, layout.Chunks / 2).Select(step => place ^ step * 32)];
        }
        else if (layout.ElementBytes == 2)
        {
            // Rows of the stored matrices run along the depth; the instruction turns them.
            var row = isLeft ? (lane & 7) + (lane >> 4 << 3) : lane & 15;
            place = layout.At(row, (first >> 3) + (isLeft ? lane >> 3 & 1 : lane >> 4));
            places = [.. Enumerable.Range(0, length / 16).Select(pair => place ^ pair * 32)];
        }
        else
        {
            // Floats one by one: thread (l / 4, l % 4) has row or column l / 4, and l % 4 along the depth.
            var at = first + (lane >> 2);
            place = layout.At(lane & 3, at >> 2) + ((at & 3) << 2);
            places = [.. Enumerable.Range(0, 4).Select(group => place ^ group * 32)];
        }
    }

    // Columns 8 (r / 2) + r % 2 of 32; lanes 16 and up have the next fragment's, two further.
    private static PtxValue Shuffled(PtxValue lane) =>
        ((lane & 6) << 2) + (lane & 1) + (lane >> 4 << 1);

    /// <summary>The fragments of one step along the depth; of the left operand four registers each, of the right one
    /// two.</summary>
    /// <param name="slice">Where the operand's slice begins in shared memory.</param>
    /// <param name="step">Which 32 bytes of it.</param>
    public PtxValue[][] Load(PtxValue slice, int step)
    {
        var registers = isLeft ? 4 : 2;
        var fragments = new PtxValue[count][];
        for (var f = 0; f < count; f++) fragments[f] = k.Variables(PtxNumber.B32, registers);
        if (!layout.AlongDepth && layout.ElementBytes == 4) LoadFloats(slice, step, fragments);
        else if (layout.AlongDepth) LoadRows(slice + places[step], fragments);
        else
            for (var pair = 0; pair < places.Length; pair++)
                LoadMatrices(fragments, isLeft ? pair : 2 * pair, ".trans", slice + places[pair],
                    step * 16 * layout.RowBytes);
        return fragments;
    }

    private void LoadRows(PtxValue at, PtxValue[][] fragments)
    {
        for (var f = 0; f < count; f += isLeft ? 1 : 2)
        {
            // Shuffled columns: four fragments of 32 are two columns apart.
            var row = isLeft ? 16 * f : f / 4 * 32 + f % 4 * 2;
            LoadMatrices(fragments, f, "", at, row * layout.RowBytes);
        }
    }

    private void LoadMatrices(PtxValue[][] fragments, int first, string turned, PtxValue at, int offset)
    {
        var to = isLeft ? fragments[first] : [.. fragments[first], .. fragments[first + 1]];
        k.Emit($"ldmatrix.sync.aligned.m8n8.x4{turned}.shared.b16 {{{string.Join(", ", to)}}}, [{at}+{offset}];");
    }

    private void LoadFloats(PtxValue slice, int step, PtxValue[][] fragments)
    {
        var at = places.Select(place => slice + place).ToArray();
        for (var f = 0; f < count; f++)
            for (var r = 0; r < fragments[f].Length; r++)
            {
                // Registers of the left operand: rows, rows 8 below, then both four further along the depth.
                int across = isLeft ? 16 * f + 8 * (r & 1) : 8 * f, along = 8 * step + 4 * (isLeft ? r >> 1 : r);
                k.Emit($"ld.shared.b32 {fragments[f][r]}, [{at[across / 8 % 4]}+"
                    + $"{across / 32 * 128 + along * layout.RowBytes}];");
            }
    }
}
