namespace Diffract.Kernels;

/// <summary>How a product is cut into tasks. It depends on the shape alone, so the same sums are made in the same order
/// whatever the number of threads.</summary>
/// <param name="RowBlock">Rows of a task.</param>
/// <param name="PanelGroup">Panels of a task.</param>
/// <param name="DepthSplits">Parts of the depth that are summed apart and then added in order.</param>
internal readonly record struct GemmPlan(int RowBlock, int PanelGroup, int DepthSplits)
{
    // 16 tiles: a panel is fetched once for 16 uses. 512 columns of sums: together they fit the second cache.
    public const int LargestRowBlock = 96;
    private const int LargestPanelGroup = 32;

    // About 20 microseconds: less would be spent on handing tasks out.
    private const long SmallestTask = 1 << 20;
    private const int WantedTasks = 16;

    /// <summary>The plan for a product of this shape, <paramref name="batch"/> times.</summary>
    public static GemmPlan For(long rows, int panels, int depth, int batch = 1)
    {
        var rowBlock = Blocks.Even((int)Math.Min(rows, 100 * LargestRowBlock), LargestRowBlock, Blocks.RowUnit);
        var group = Blocks.Even(panels, LargestPanelGroup, 1);
        while (Tasks(rowBlock, group) < WantedTasks && Work(rowBlock, group) > 2 * SmallestTask)
        {
            // Narrow the wider side, but keep rows in whole tiles.
            if (rowBlock > Math.Max(2 * Tile.Rows, group * Tile.Columns / 4))
                rowBlock = (rowBlock / 2 + Tile.Rows - 1) / Tile.Rows * Tile.Rows;
            else if (group > 1) group = (group + 1) / 2;
            else break;
        }
        var splits = 1;
        while (Tasks(rowBlock, group) * splits < WantedTasks && Work(rowBlock, group) / splits > 2 * SmallestTask)
            splits *= 2;
        return new GemmPlan(rowBlock, group, splits);

        long Tasks(int r, int g) => (rows + r - 1) / r * ((panels + g - 1) / g) * batch;
        long Work(int r, int g) => (long)r * g * Tile.Columns * depth;
    }
}
