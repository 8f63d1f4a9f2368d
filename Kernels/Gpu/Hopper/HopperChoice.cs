using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Which products warpgroups take, and how they are cut: by device, shape and addresses. What they do not take
/// is left to <c>mma.sync</c>.</summary>
internal static class HopperChoice
{
    // About as many blocks as the chip has multiprocessors; with fewer, some do nothing.
    private const int Blocks = 128;

    // Fewer slices than these are not worth a pass of their own over the result.
    private const int FewestSlices = 8;

    // Copies through tensor maps want strides that are multiples of 16 bytes.
    private const int Chunk = 8;

    /// <summary>The architecture whose instructions these are; later ones have others.</summary>
    public const int Architecture = 90;

    /// <summary>How a product is cut; null when it is none for warpgroups.</summary>
    /// <param name="device">The device.</param>
    /// <param name="product">The product.</param>
    /// <param name="sizes">Its sizes.</param>
    /// <param name="entries">Entries of the batch, or groups.</param>
    /// <param name="a">The left operand.</param>
    /// <param name="b">The right operand.</param>
    public static HopperCut? Cut(
        GpuDevice device, in MmaVariant product, in MmaSizes sizes, int entries, View a, View b)
    {
        if (device.Architecture != Architecture || !device.UsesWarpgroups) return null;
        // Half a tile of rows, of the narrowest tile's columns, and of a slice: less is mostly padding.
        if (sizes.Rows < HopperTile.GroupRows || sizes.Columns < HopperTile.Small.Columns / 2
            || sizes.Left.Depth < HopperTile.Slice / 2 || !Fits(product, sizes, entries, a, b)) return null;
        var tile = HopperTile.Small;
        foreach (var larger in (ReadOnlySpan<HopperTile>)[HopperTile.Medium, HopperTile.Large])
        {
            var down = (sizes.Rows + HopperTile.Rows - 1) / HopperTile.Rows;
            var across = (sizes.Columns + larger.Columns - 1) / larger.Columns * sizes.Segments;
            // Tiles of the medium size, where they are few, are cut along the depth; large ones must be enough.
            var isMany = larger == HopperTile.Medium || (long)down * across * entries >= Blocks;
            if (isMany && sizes.Columns > larger.Columns / 2) tile = larger;
        }
        var cut = HopperCut.Of(tile, product, sizes);
        return IsWorthwhile(cut, product, sizes) ? cut : null;
    }

    /// <summary>Tiles that give a product the same bits as its own does, that one first: slices are as deep whatever
    /// the tile, and an instruction with more columns adds up each of them as one with fewer does.</summary>
    /// <param name="tile">The product's own tile.</param>
    /// <param name="columns">Columns of one segment.</param>
    public static HopperTile[] Alternatives(HopperTile tile, int columns) =>
    [
        tile, .. new[] { HopperTile.Large, HopperTile.Medium, HopperTile.Small }.Where(other =>
            other != tile && (other == HopperTile.Small || columns > other.Columns / 2)),
    ];

    // A box that stands far over its image's edge multiplies zeros.
    private static bool IsWorthwhile(in HopperCut cut, in MmaVariant product, in MmaSizes sizes)
    {
        if (cut.Box.Count == 0) return true;
        long needed = sizes.Rows, done = (long)cut.Box.Count * HopperTile.Rows;
        if (product.Right == MmaSource.Pixels) (needed, done) = (sizes.Left.Depth, (long)cut.Slices * HopperTile.Slice);
        return done <= Math.Max(needed + needed / 2, HopperTile.Rows);
    }

    // Whether tensor maps can describe the operands.
    private static bool Fits(in MmaVariant product, in MmaSizes sizes, int entries, View a, View b)
    {
        var isImage = product.Left is MmaSource.Patches or MmaSource.Gathered || product.Right == MmaSource.Pixels;
        return product.Numbers is MmaNumbers.Float16 or MmaNumbers.BFloat16
            && (!isImage || sizes.Window is { StrideH.Length: 1, StrideW.Length: 1 })
            && HasChunks(sizes.Left, a, entries) && HasChunks(sizes.Right, b, entries)
            && (!product.WalksTaps || sizes.Right.Depth % Chunk == 0);
    }

    /// <summary>Parts of the depth.</summary>
    /// <param name="blocks">Blocks that one part makes.</param>
    /// <param name="slices">Slices of the whole depth.</param>
    public static int Parts(long blocks, int slices) =>
        (int)Math.Clamp(Math.Min(Blocks / Math.Max(1, blocks), slices / FewestSlices), 1, 64);

    private static bool HasChunks(in MmaSide side, View view, int entries) =>
        view.Address % 16 == 0 && side.Lead % Chunk == 0 && side.Lead > 0 && side.Depth > 0
        && (entries == 1 || side.Step % Chunk == 0 && side.Step >= 0);
}
