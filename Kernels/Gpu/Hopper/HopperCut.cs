namespace Diffract.Kernels;

/// <summary>How a product is cut.</summary>
/// <param name="Tile">Tiles of the result.</param>
/// <param name="Box">The boxes in which an image's pixels come: as a tile's rows, or as a slice's depth.</param>
/// <param name="Down">Tiles along the rows.</param>
/// <param name="Taps">Taps of a filter, where the depth is a walk over them; else 1.</param>
/// <param name="Slices">Slices of the depth.</param>
internal readonly record struct HopperCut(HopperTile Tile, HopperBox Box, int Down, int Taps, int Slices)
{
    /// <summary>The cut of a product.</summary>
    /// <param name="tile">Tiles of the result.</param>
    /// <param name="product">The product as <c>mma.sync</c> would take it.</param>
    /// <param name="sizes">Its sizes, slices counted as there.</param>
    public static HopperCut Of(HopperTile tile, in MmaVariant product, in MmaSizes sizes)
    {
        var (window, depth) = (sizes.Window, sizes.Left.Depth);
        var down = (sizes.Rows + HopperTile.Rows - 1) / HopperTile.Rows;
        if (product.Right == MmaSource.Pixels)
        {
            var places = Cover(HopperTile.Slice, depth, window).Seeing(window, false);
            return new(tile, places, down, 1, places.Count);
        }
        var slices = (depth + HopperTile.Slice - 1) / HopperTile.Slice;
        if (!product.WalksTaps) return new(tile, default, down, 1, slices);
        var box = Cover(HopperTile.Rows, sizes.Rows, window).Seeing(window, product.Left == MmaSource.Gathered);
        var taps = sizes.Slices / ((depth + product.Slice - 1) / product.Slice);
        return new(tile, box, box.Count, taps, taps * slices);
    }

    /// <summary>True when all rows of a warpgroup belong to one image, and boxes stand over no edge of it.</summary>
    public bool HasStrips(in MmaSizes sizes)
    {
        var (width, height) = (sizes.Window.GridWidth.Length, sizes.Window.GridHeight.Length);
        return Box.Count == 0
            || width % Box.Width == 0 && height % Box.Height == 0 && Box.Width * Box.Height >= HopperTile.GroupRows;
    }

    /// <summary>Tiles along the columns.</summary>
    public int Across(in MmaSizes sizes) => (sizes.Columns + Tile.Columns - 1) / Tile.Columns * sizes.Segments;

    private static HopperBox Cover(int inBox, int places, in MmaWindow window)
    {
        var (width, height) = (window.GridWidth.Length, window.GridHeight.Length);
        return HopperBox.Of(inBox, width, height, places / (width * height));
    }
}
