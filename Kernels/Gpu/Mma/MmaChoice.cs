using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>How a product is cut for the tensor cores: by its shape alone, so that a result does not depend on the
/// device.</summary>
internal static class MmaChoice
{
    // About as many blocks as large GPUs have multiprocessors; with fewer, some do nothing.
    private const int Blocks = 128;

    // Fewer slices than these are not worth a pass of their own over the result.
    private const int FewestSlices = 16;

    /// <summary>The largest tile that there are enough of; the smallest where an operand is copied number by number,
    /// which no tile makes fast.</summary>
    public static MmaTile Tile(
        MmaNumbers numbers, bool isWide, int rows, int columns, int segments, int entries)
    {
        if (!isWide) return MmaTile.Small;
        ReadOnlySpan<MmaTile> tiles = numbers == MmaNumbers.Tf32Pairs
            ? [MmaTile.Paired] : [MmaTile.Large, MmaTile.Medium];
        foreach (var tile in tiles)
            if (columns > tile.Columns / 2 && Count(tile, rows, columns, segments) * entries >= Blocks) return tile;
        return MmaTile.Small;
    }

    /// <summary>Tiles that give a product the same bits as its own does, that one first: their slices are as deep, and
    /// every sum is made by the same instructions in the same order. Fewer stages let more blocks share a
    /// multiprocessor that has little shared memory.</summary>
    /// <param name="variant">The product, with its tile.</param>
    /// <param name="columns">Columns of one segment.</param>
    public static MmaTile[] Alternatives(in MmaVariant variant, int columns)
    {
        var own = variant.Tile;
        if (!variant.WideLeft || !variant.WideRight) return [own];
        var shallow = own with { Stages = 3 };
        if (own == MmaTile.Large) return [own, MmaTile.Medium, MmaTile.Medium with { Stages = 3 }];
        return own == MmaTile.Medium && columns > MmaTile.Large.Columns / 2 ? [own, shallow, MmaTile.Large]
            : [own, shallow];
    }

    /// <summary>Parts of the depth.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="sizes">The product, its slices included.</param>
    /// <param name="entries">Entries of the batch, or groups.</param>
    public static int Parts(MmaTile tile, in MmaSizes sizes, int entries)
    {
        var blocks = Count(tile, sizes.Rows, sizes.Columns, sizes.Segments) * entries;
        return (int)Math.Clamp(Math.Min(Blocks / Math.Max(1, blocks), sizes.Slices / FewestSlices), 1, 64);
    }

    /// <summary>True when 16 bytes can be copied at once from rows of <paramref name="length"/> numbers.</summary>
    public static bool IsWide(MmaNumbers numbers, View view, long length, long step) =>
        view.Address % 16 == 0 && length % numbers.InChunk() == 0 && step % numbers.InChunk() == 0;

    /// <summary>True when <paramref name="run"/> neighbouring columns of the result can be written at once.</summary>
    public static bool IsWideResult(int run, View c, View residual, in MmaSizes sizes)
    {
        var alignment = Math.Min(16, run * c.DType.Size());
        return sizes.Columns % run == 0 && sizes.LeadResult % run == 0 && sizes.StepResult % run == 0
            && sizes.StepPart % run == 0 && c.Address % alignment == 0 && residual.Address % alignment == 0;
    }

    private static long Count(MmaTile tile, int rows, int columns, int segments) =>
        (long)((rows + tile.Rows - 1) / tile.Rows) * ((columns + tile.Columns - 1) / tile.Columns) * segments;
}
