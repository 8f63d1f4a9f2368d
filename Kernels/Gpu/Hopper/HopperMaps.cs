using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Tensor maps of a product's operands. The last axis of every map counts entries of the batch, or groups.
/// </summary>
internal static class HopperMaps
{
    private const int Bytes = 2;

    /// <summary>The left operand: rows [entries, rows, depth] or [entries, depth, rows], or an image [entries, images,
    /// height, width, channels].</summary>
    public static TensorMap Left(in HopperVariant variant, in MmaSizes sizes, in HopperBox box, int entries, View a)
    {
        var (side, window) = (sizes.Left, sizes.Window);
        return variant switch
        {
            { WalksPlaces: true } => Image(variant, side, box, a, sizes.Rows, window.GridWidth.Length,
                window.GridHeight.Length, side.Depth, entries),
            { Left: MmaSource.Patches } => Image(variant, side, box, a, side.Depth, window.ImageWidth,
                window.ImageHeight, sizes.Rows, entries, window),
            _ => Matrix(variant, side, variant.LeftAlongDepth, HopperTile.Rows, a, sizes.Rows, entries),
        };
    }

    /// <summary>The right operand: [entries, columns, depth] or [entries, depth, columns]; [entries, columns, taps,
    /// depth]; or an image.</summary>
    public static TensorMap Right(
        in HopperVariant variant, in MmaSizes sizes, in HopperCut cut, int entries, View b)
    {
        var (side, window) = (sizes.Right, sizes.Window);
        if (variant.WalksPlaces)
            return Image(variant, side, cut.Box, b, sizes.Columns, window.ImageWidth, window.ImageHeight, side.Depth,
                entries, window);
        if (!variant.WalksTaps)
            return Matrix(variant, side, variant.RightAlongDepth, variant.Tile.Columns, b, sizes.Columns, entries);
        var all = Entries(side, entries);
        return Map(variant, b, [side.Depth, cut.Taps, sizes.Columns, all.Count],
            [side.Depth, side.Lead, all.Step], [HopperTile.Slice, 1, variant.Tile.Columns, 1]);
    }

    private static TensorMap Matrix(in HopperVariant variant, in MmaSide side, bool alongDepth, int span, View view,
        int across, int entries)
    {
        var all = Entries(side, entries);
        return alongDepth
            ? Map(variant, view, [side.Depth, across, all.Count], [side.Lead, all.Step],
                [HopperTile.Slice, span, 1])
            : Map(variant, view, [across, side.Depth, all.Count], [side.Lead, all.Step],
                [HopperTile.Slice, HopperTile.Slice, 1]);
    }

    // An image whose places, or those of the grid that looks at it, are counted.
    private static TensorMap Image(in HopperVariant variant, in MmaSide side, in HopperBox box, View view,
        int channels, int width, int height, int places, int entries, MmaWindow? window = null)
    {
        var grid = window is { } w ? (long)w.GridWidth.Length * w.GridHeight.Length : (long)width * height;
        var (all, line) = (Entries(side, entries), (long)side.Lead * width);
        return Map(variant, view, [channels, width, height, places / grid, all.Count],
            [side.Lead, line, line * height, all.Step],
            [HopperTile.Slice, box.Width, box.Height, box.Images, 1]);
    }

    // Entries that share an operand see one; what would separate it from others must be a stride all the same.
    private static (int Count, long Step) Entries(in MmaSide side, int entries) =>
        entries == 1 || side.Step == 0 ? (1, side.Lead) : (entries, side.Step);

    private static TensorMap Map(in HopperVariant variant, View view, long[] sizes, long[] strides, int[] box) =>
        new(variant.Numbers == MmaNumbers.Float16 ? TensorMapElement.Float16 : TensorMapElement.BFloat16,
            view.Address, sizes, [.. strides.Select(s => s * Bytes)], box, null, TensorMapSwizzle.Span128,
            TensorMapPromotion.Bytes256);
}
