namespace Diffract.Kernels;

/// <summary>Tiles of a head's rows in shared memory, and the fragments that a warp takes from them. The chunks of eight
/// rows that are read together lie in different banks.</summary>
internal sealed class FlashTiles
{
    private readonly PtxWriter k;
    private readonly FlashVariant variant;
    private readonly PtxValue[] zeros;
    // A lane's places in a tile's first 16 rows, for every 16 channels: rows below one another, then the next 8
    // channels; and 8 channels next to one another, then the next 8 rows.
    private readonly PtxValue[] down, across;

    /// <summary>Prepares a kernel's tiles.</summary>
    public FlashTiles(PtxWriter k, FlashVariant variant)
    {
        (this.k, this.variant) = (k, variant);
        zeros = [.. Enumerable.Repeat(k.Single(0), 4)];
        Layout = new(true, 16, variant.RowBytes, 2, false);
        var lane = k.Lane;
        down = Places(Layout.At(lane & 15, lane >> 4));
        across = Places(Layout.At((lane & 7) + (lane >> 4 << 3), lane >> 3 & 1));

        PtxValue[] Places(PtxValue first) => [.. Enumerable.Range(0, variant.Steps).Select(s => first ^ s * 32)];
    }

    /// <summary>How rows lie in a tile.</summary>
    public MmaLayout Layout { get; }

    /// <summary>Rows of a tile as left operands: their addresses.</summary>
    /// <param name="tile">The warp's first row.</param>
    public PtxValue[] Down(PtxValue tile) => [.. down.Select(place => tile + place)];

    /// <summary>Products of a warp's rows with other rows, channel by channel: S = A Bᵀ.</summary>
    /// <param name="left">The warp's rows: what <see cref="Down"/> gave.</param>
    /// <param name="right">The other rows' first.</param>
    /// <param name="columns">How many other rows: a multiple of 16.</param>
    public PtxValue[][][] Multiply(PtxValue[] left, PtxValue right, int columns)
    {
        var products = FlashText.Sums(k, variant.Groups, columns);
        PtxValue[] at = [.. across.Select(place => right + place)];
        for (var step = 0; step < variant.Steps; step++)
        {
            var a = Enumerable.Range(0, variant.Groups).Select(g => Load(left[step], 16 * g, "")).ToArray();
            for (var j = 0; j < columns / 8; j += 2)
            {
                var b = Halves(Load(at[step], 8 * j, ""));
                for (var g = 0; g < variant.Groups; g++)
                    for (var e = 0; e < 2; e++)
                        Multiply(products[g][j + e], a[g], b[e], step == 0 ? zeros : products[g][j + e]);
            }
        }
        return products;
    }

    /// <summary>Adds other rows, weighted, to a warp's sums: C += P B.</summary>
    /// <param name="weights">Weights: a row of the warp's a row, another row a column.</param>
    /// <param name="right">The other rows' first.</param>
    /// <param name="sums">The sums.</param>
    public void AddWeighted(PtxValue[][][] weights, PtxValue right, PtxValue[][][] sums)
    {
        var at = Down(right);
        for (var j = 0; j < weights[0].Length; j += 2)
        {
            var a = weights.Select(w => Rounded(w[j], w[j + 1])).ToArray();
            for (var step = 0; step < variant.Steps; step++)
            {
                var b = Halves(Load(at[step], 8 * j, ".trans"));
                for (var g = 0; g < variant.Groups; g++)
                    for (var e = 0; e < 2; e++)
                        Multiply(sums[g][2 * step + e], a[g], b[e], sums[g][2 * step + e]);
            }
        }
    }

    // Sums of neighbouring columns are where a left operand has them whose depth the columns are.
    private PtxValue[] Rounded(PtxValue[] first, PtxValue[] second) =>
    [
        PtxHalf.Pair(k, variant.Type, first[0], first[1]), PtxHalf.Pair(k, variant.Type, first[2], first[3]),
        PtxHalf.Pair(k, variant.Type, second[0], second[1]), PtxHalf.Pair(k, variant.Type, second[2], second[3]),
    ];

    private void Multiply(PtxValue[] sum, PtxValue[] a, PtxValue[] b, PtxValue[] addend)
    {
        var half = PtxHalf.Name(variant.Type);
        k.Emit($"mma.sync.aligned.m16n8k16.row.col.f32.{half}.{half}.f32 {FlashText.List(sum)}, {FlashText.List(a)}, "
            + $"{FlashText.List(b)}, {FlashText.List(addend)};");
    }

    // Of 16 rows: as a left operand; or as two right ones, 8 columns each, or (turned) 16 deep and 8 channels wide.
    private static PtxValue[][] Halves(PtxValue[] fragment) => [fragment[..2], fragment[2..]];

    private PtxValue[] Load(PtxValue address, int row, string turned)
    {
        var to = k.Variables(PtxNumber.B32, 4);
        k.Emit($"ldmatrix.sync.aligned.m8n8.x4{turned}.shared.b16 {{{string.Join(", ", to)}}}, "
            + $"[{address}+{row * Layout.RowBytes}];");
        return to;
    }
}
