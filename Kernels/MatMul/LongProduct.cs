using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>AᵀB with long sums: A [depth, rows] and B [depth, columns], as the gradients of weights have them, the
/// depth being pixels or tokens. Columns, rows and ranges of the depth are divided into tasks by shape; the sums of the
/// ranges are added pairwise, which keeps rounding errors small.</summary>
internal static unsafe class LongProduct
{
    // Depth loaded at once: with 256 columns it fills a quarter of the second cache.
    private const int DepthPart = 128;
    private const int LargestRowBlock = 96, LargestColumnGroup = 256, WantedTasks = 16;
    private const long SmallestTask = 1 << 20;

    /// <summary>What becomes of a finished row.</summary>
    /// <param name="row">Which.</param>
    /// <param name="column">First column.</param>
    /// <param name="count">How many.</param>
    /// <param name="sums">The sums.</param>
    public delegate void Finish(int row, int column, int count, float* sums);

    /// <summary>Calculates all sums.</summary>
    /// <param name="device">Gives threads and scratch memory.</param>
    /// <param name="a">A's first element.</param>
    /// <param name="strideA">Floats between A's rows.</param>
    /// <param name="rows">Rows of the result.</param>
    /// <param name="right">B: its rows are depths, its depths columns.</param>
    /// <param name="columns">Columns of the result.</param>
    /// <param name="depth">Length of the sums.</param>
    /// <param name="finish">Takes every row of every group of columns, once.</param>
    public static void Run<TRight>(CpuDevice device, float* a, nint strideA, int rows, TRight right, int columns,
        long depth, Finish finish) where TRight : struct, ILeft
    {
        var rowBlock = Blocks.Even(rows, LargestRowBlock, Tile.Rows);
        var group = Blocks.Even(columns, LargestColumnGroup, Tile.Columns);
        var groups = (columns + group - 1) / group;
        var cells = (rows + rowBlock - 1) / rowBlock * groups;
        var parts = (depth + DepthPart - 1) / DepthPart;
        var splits = 1;
        while (cells * splits < WantedTasks && splits * 2 <= parts
            && (long)rowBlock * group * depth / splits > 2 * SmallestTask) splits *= 2;
        var length = (parts + splits - 1) / splits * DepthPart;

        var stride = Blocks.Stride(group);
        var cellFloats = Blocks.WholeTiles(rowBlock) * stride;
        using var scratch = new Scratch(device, cellFloats * cells * splits * sizeof(float));
        var sums = scratch.F32;
        device.For(cells * splits, t =>
        {
            var (cell, split) = (t / splits, t % splits);
            var (row, column) = (cell / groups * rowBlock, cell % groups * group);
            Sum(device, a + row, strideA, Math.Min(rowBlock, rows - row), right, column,
                Math.Min(group, columns - column), split * length, Math.Min(depth, (split + 1) * length),
                sums + (nint)t * cellFloats, stride);
        });
        device.For(rows, r =>
        {
            for (var q = 0; q < groups; q++)
            {
                var row = sums + (nint)(r / rowBlock * groups + q) * splits * cellFloats + r % rowBlock * stride;
                var (column, width) = (q * group, Math.Min(group, columns - q * group));
                Vectors.AddTree(row, width, splits, cellFloats);
                finish(r, column, width, row);
            }
        });
    }

    // One cell over one range of the depth.
    private static void Sum<TRight>(CpuDevice device, float* a, nint strideA, int rows, TRight right, int column,
        int columns, long first, long last, float* sums, nint stride) where TRight : struct, ILeft
    {
        var whole = Blocks.WholeTiles(rows);
        var panels = Panels.Count(columns);
        var leftStride = Blocks.Stride(DepthPart);
        var rightStride = Blocks.Stride(panels * Tile.Columns);
        using var scratch = new Scratch(device, (whole * leftStride + DepthPart * rightStride) * sizeof(float));
        var block = scratch.F32;
        var loaded = block + whole * leftStride;
        // What fills tiles up is zero and stays so; its products are never read, but must not be slow ones.
        new Span<float>(block, (int)(whole * leftStride)).Clear();
        new Span<float>(loaded, (int)(DepthPart * rightStride)).Clear();
        for (var r = 0; first >= last && r < rows; r++) new Span<float>(sums + r * stride, columns).Clear();
        for (var k = first; k < last; k += DepthPart)
        {
            var count = (int)Math.Min(DepthPart, last - k);
            new LeftColumns(a + (nint)k * strideA, strideA).Load(0, rows, 0, count, block, leftStride);
            right.Load(k, count, column, columns, loaded, rightStride);
            for (var p = 0; p < panels; p++)
                Tile.Multiply(whole, count, block, leftStride, 1, loaded + p * Tile.Columns, rightStride,
                    sums + p * Tile.Columns, stride, k > first);
        }
    }
}
