using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>A block of rows times a group of panels, with the sums kept in scratch memory until they are complete.
/// The depth is cut into parts whose panel (16 KB) stays in the first cache while all rows pass by.</summary>
internal static unsafe class Blocks
{
    private const int LongestPart = 288;

    // One more cache line than a power of two: rows of a tile then fall into different sets of the cache.
    private const int Padding = 16;

    /// <summary>Depth of one part when <paramref name="depth"/> is divided evenly into as few as fit.</summary>
    public static int Part(int depth)
    {
        var parts = (depth + LongestPart - 1) / LongestPart;
        return parts <= 1 ? depth : ((depth + parts - 1) / parts + 7) / 8 * 8;
    }

    /// <summary>Floats between rows of a block <paramref name="width"/> wide.</summary>
    public static nint Stride(int width) => (width + 15) / 16 * 16 + Padding;

    /// <summary>Unit of a block's rows: whole tiles, however many rows a tile has.</summary>
    public const int RowUnit = 2 * Tile.Rows;

    /// <summary><paramref name="rows"/> rounded up to whole tiles.</summary>
    public static int WholeTiles(int rows) => (rows + Tile.Rows - 1) / Tile.Rows * Tile.Rows;

    /// <summary>Length of a part when <paramref name="total"/> is divided as evenly as whole units allow into as few
    /// parts as are no longer than <paramref name="largest"/>.</summary>
    public static int Even(int total, int largest, int unit)
    {
        var parts = Math.Max(1, (total + largest - 1) / largest);
        return Math.Max(unit, ((total + parts - 1) / parts + unit - 1) / unit * unit);
    }

    /// <summary>Floats of scratch for the left block.</summary>
    public static long LeftFloats(int rows, int depth) => WholeTiles(rows) * (long)Stride(Part(depth));

    /// <summary>Floats of scratch for the sums.</summary>
    public static long SumFloats(int rows, int panels) => WholeTiles(rows) * (long)Stride(panels * Tile.Columns);

    /// <summary>Fills the sums [rows, panels * 16] with the product over one range of the depth.</summary>
    /// <param name="left">Left operand.</param>
    /// <param name="row">First row of the left operand.</param>
    /// <param name="rows">How many.</param>
    /// <param name="first">First depth.</param>
    /// <param name="depth">How many.</param>
    /// <param name="right">The first panel of the group, at depth 0.</param>
    /// <param name="panels">How many.</param>
    /// <param name="block">Scratch of <see cref="LeftFloats"/>.</param>
    /// <param name="sums">Memory of <see cref="SumFloats"/>; rows up to a whole tile are written.</param>
    /// <param name="sumStride">Floats between rows of the sums.</param>
    /// <param name="accumulate">Adds to the sums instead of overwriting them.</param>
    /// <param name="ahead">What is brought into the second cache meanwhile; the next panels, when nothing.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<TLeft>(in TLeft left, long row, int rows, int first, int depth, Right right, int panels,
        float* block, float* sums, nint sumStride, bool accumulate = false, Ahead ahead = default)
        where TLeft : struct, ILeft
    {
        var part = Part(depth);
        var stride = Stride(part);
        var whole = WholeTiles(rows);
        for (var r = 0; depth == 0 && !accumulate && r < whole; r++)
            new Span<float>(sums + r * sumStride, panels * Tile.Columns).Clear();
        for (var k = 0; k < depth; k += part)
        {
            var length = Math.Min(part, depth - k);
            left.Load(row, rows, first + k, length, block, stride);
            // Rows that fill the last tile up: zeros, because what is left in memory may be slow to multiply.
            for (var r = rows; r < whole; r++) new Span<float>(block + r * stride, length).Clear();
            for (var p = 0; p < panels; p++)
            {
                Tile.Multiply(whole, length, block, stride, 1, right.At(p, first + k), right.DepthStep,
                    sums + p * Tile.Columns, sumStride, accumulate || k > 0,
                    ahead.IsNothing ? Ahead.Panel(Next(k, p, length), whole, length) : ahead);
                ahead = ahead.After(Tile.Count(whole));
            }
        }

        // The panel after this one.
        float* Next(int k, int p, int length) => !right.IsPacked ? null
            : p + 1 < panels ? right.At(p + 1, first + k)
            : k + length < depth ? right.At(0, first + k + length) : null;
    }
}
