namespace Diffract.Kernels;

/// <summary>Copies slices of an operand to shared memory. Every thread has some chunks of 16 bytes, one chunk's width
/// of every so many rows; what lies outside of the operand becomes zeros.</summary>
internal sealed class MmaCopy
{
    private readonly PtxWriter k;
    private readonly MmaLayout layout;
    private readonly MmaDepth depth;
    private readonly MmaSource source;
    private readonly Func<string, PtxValue> sizes;
    private readonly string side;
    private readonly bool isWide;
    private readonly int bytes, slots;
    private readonly PtxValue across, end;
    // Of every slot: its place in shared memory, its row, and where it reads at the depth's beginning.
    private readonly PtxValue[] places, rows, addresses;
    // Of every slot, for images: the place that its first tap sees, or the place that looks through it.
    private readonly PtxValue[] lines, columns;

    /// <summary>Prepares the copies of one operand.</summary>
    /// <param name="k">The kernel.</param>
    /// <param name="variant">The variant.</param>
    /// <param name="isLeft">Which operand.</param>
    /// <param name="sizes">Fields of <see cref="MmaSizes"/>.</param>
    /// <param name="address">The operand of this entry.</param>
    /// <param name="first">First row or column of the tile.</param>
    /// <param name="tap">The tap that this tile's columns belong to, where they belong to one.</param>
    /// <param name="depth">Where the next slice begins.</param>
    public MmaCopy(PtxWriter k, MmaVariant variant, bool isLeft, Func<string, PtxValue> sizes, PtxValue address,
        PtxValue first, PtxValue tap, MmaDepth depth)
    {
        (this.k, this.sizes, this.depth) = (k, sizes, depth);
        (layout, source, isWide, side) = isLeft
            ? (variant.LeftLayout, variant.Left, variant.WideLeft, "Left")
            : (variant.RightLayout, variant.Right, variant.WideRight, "Right");
        bytes = variant.Numbers.Bytes();
        slots = layout.Rows * layout.Chunks / k.Threads;
        var chunk = (k.Thread % layout.Chunks).Seen(PtxNumber.S32);
        var firstRow = (k.Thread / layout.Chunks).Seen(PtxNumber.S32);
        // Numbers from the slice's, or the tile's, first one to this thread's.
        across = chunk * variant.Numbers.InChunk() + (layout.AlongDepth ? 0 : first);
        end = sizes(layout.AlongDepth ? $"{side}.Depth" : isLeft ? "Rows" : "Columns");
        (places, rows, addresses) = (new PtxValue[slots], new PtxValue[slots], new PtxValue[slots]);
        (lines, columns) = (new PtxValue[slots], new PtxValue[slots]);
        for (var s = 0; s < slots; s++)
        {
            var row = firstRow + s * (k.Threads / layout.Chunks);
            places[s] = layout.At(row, chunk).Seen(PtxNumber.U32);
            rows[s] = layout.AlongDepth ? row + first : row;
            var begin = address + Bytes(across);
            switch (source)
            {
                case MmaSource.Rows or MmaSource.Columns:
                    addresses[s] = begin + Rows(rows[s]);
                    break;
                case MmaSource.Patches:
                    Patch(s, begin, isLeft);
                    break;
                case MmaSource.Gathered:
                    Target(s);
                    addresses[s] = begin;
                    break;
                default:
                    addresses[s] = begin;
                    break;
            }
        }
        if (source != MmaSource.Pixels) return;
        var line = tap / sizes("Window.KernelWidth");
        lines[0] = line * sizes("Window.DilationH") - sizes("Window.PaddingH");
        columns[0] = (tap - line * sizes("Window.KernelWidth")) * sizes("Window.DilationW") - sizes("Window.PaddingW");
    }

    /// <summary>Starts the copies of the slice at the depth's place.</summary>
    /// <param name="stage">Where the operand's slice goes, in shared memory.</param>
    public void Issue(PtxValue stage)
    {
        switch (source)
        {
            case MmaSource.Rows:
                var along = Bytes(depth.InRow(end));
                var left = end - depth.At;
                for (var s = 0; s < slots; s++)
                    Copy(stage + places[s], addresses[s] + along, rows[s] < Limit, across, left);
                break;
            case MmaSource.Columns:
                var down = Rows(depth.At);
                for (var s = 0; s < slots; s++)
                    Copy(stage + places[s], addresses[s] + down, rows[s] + depth.At < Limit, across, end);
                break;
            case MmaSource.Patches: IssuePatches(stage); break;
            case MmaSource.Gathered: IssueGathered(stage); break;
            default: IssuePixels(stage); break;
        }
    }

    // Rows that there are: of the matrix, or of the depth.
    private PtxValue Limit => sizes(!layout.AlongDepth ? $"{side}.Depth" : side == "Left" ? "Rows" : "Columns");

    private PtxValue Bytes(PtxValue numbers) => numbers.Wide(bytes).Seen(PtxNumber.U64);

    private PtxValue Rows(PtxValue rows) => rows.Wide(sizes($"{side}.Lead") * bytes).Seen(PtxNumber.U64);

    private (PtxValue Image, PtxValue Line, PtxValue Column) InGrid(PtxValue place)
    {
        var line = k.Divide(place, sizes, "Window.GridWidth");
        var image = k.Divide(line, sizes, "Window.GridHeight");
        return (image, line - image * sizes("Window.GridHeight.Length"),
            place - line * sizes("Window.GridWidth.Length"));
    }

    private PtxValue Inside(PtxValue line, PtxValue column) =>
        line.Seen(PtxNumber.U32) < sizes("Window.ImageHeight").Seen(PtxNumber.U32)
        & column.Seen(PtxNumber.U32) < sizes("Window.ImageWidth").Seen(PtxNumber.U32);

    private void Patch(int s, PtxValue begin, bool isLeft)
    {
        var (image, i, j) = InGrid(rows[s]);
        // A row that is not there sees nothing.
        var line = i * sizes("Window.StrideH.Length") - sizes("Window.PaddingH");
        lines[s] = (rows[s] < sizes(isLeft ? "Rows" : "Columns")).Choose(line, -(1 << 30));
        columns[s] = j * sizes("Window.StrideW.Length") - sizes("Window.PaddingW");
        var pixel = (image * sizes("Window.ImageHeight") + line) * sizes("Window.ImageWidth") + columns[s];
        addresses[s] = begin + Rows(pixel);
    }

    private void IssuePatches(PtxValue stage)
    {
        var line = depth.Line * sizes("Window.DilationH");
        var column = depth.Column * sizes("Window.DilationW");
        var ahead = Rows(line * sizes("Window.ImageWidth") + column) + Bytes(depth.At);
        var left = end - depth.At;
        for (var s = 0; s < slots; s++)
            Copy(stage + places[s], addresses[s] + ahead, Inside(lines[s] + line, columns[s] + column), across, left);
    }

    private void Target(int s)
    {
        var (image, h, w) = InGrid(rows[s]);
        lines[s] = (rows[s] < sizes("Rows")).Choose(h + sizes("Window.PaddingH"), -(1 << 30));
        columns[s] = w + sizes("Window.PaddingW");
        rows[s] = image * sizes("Window.ImageHeight");
    }

    // The places i with i stride + tap dilation - padding = h.
    private void IssueGathered(PtxValue stage)
    {
        var line = depth.Line * sizes("Window.DilationH");
        var column = depth.Column * sizes("Window.DilationW");
        var along = Bytes(depth.At);
        var left = end - depth.At;
        for (var s = 0; s < slots; s++)
        {
            PtxValue y = lines[s] - line, x = columns[s] - column;
            PtxValue i = k.Divide(y, sizes, "Window.StrideH"), j = k.Divide(x, sizes, "Window.StrideW");
            var meets = y >= 0 & x >= 0 & (i * sizes("Window.StrideH.Length")).EqualTo(y)
                & (j * sizes("Window.StrideW.Length")).EqualTo(x) & Inside(i, j);
            var pixel = (rows[s] + i) * sizes("Window.ImageWidth") + j;
            Copy(stage + places[s], addresses[s] + along + Rows(pixel), meets, across, left);
        }
    }

    private void IssuePixels(PtxValue stage)
    {
        for (var s = 0; s < slots; s++)
        {
            var place = rows[s] + depth.At;
            var (image, i, j) = InGrid(place);
            var line = i * sizes("Window.StrideH.Length") + lines[0];
            var column = j * sizes("Window.StrideW.Length") + columns[0];
            var pixel = (image * sizes("Window.ImageHeight") + line) * sizes("Window.ImageWidth") + column;
            Copy(stage + places[s], addresses[s] + Rows(pixel), place < Limit & Inside(line, column), across, end);
        }
    }

    // Sixteen bytes, or as many numbers one by one as there are before the end.
    private void Copy(PtxValue to, PtxValue from, PtxValue exists, PtxValue at, PtxValue last)
    {
        if (isWide)
        {
            var size = (exists & at < last).Choose(16, 0);
            k.Emit($"cp.async.cg.shared.global [{to}], [{from}], 16, {size};");
            return;
        }
        if (bytes == 4)
        {
            for (var e = 0; e < 4; e++)
            {
                var size = (exists & at + e < last).Choose(4, 0);
                k.Emit($"cp.async.ca.shared.global [{to}+{4 * e}], [{from}+{4 * e}], 4, {size};");
            }
            return;
        }
        var halves = k.Variables(PtxNumber.B16, 8);
        for (var e = 0; e < 8; e++)
        {
            k.Set(halves[e], 0);
            k.Emit(exists & at + e < last, $"ld.global.b16 {halves[e]}, [{from}+{2 * e}];");
        }
        var words = new PtxValue[4];
        for (var w = 0; w < 4; w++)
            words[w] = k.Make(PtxNumber.B32, $"mov.b32 {{0}}, {{{halves[2 * w]}, {halves[2 * w + 1]}}};");
        k.Emit($"st.shared.v4.b32 [{to}], {{{string.Join(", ", words)}}};");
    }
}
