namespace Diffract.Kernels;

/// <summary>How a product is cut: a block of threads makes a tile of the result, its warps parts of it; slices of both
/// operands pass by in shared memory, several of them on their way at once.</summary>
/// <param name="Rows">Rows of a block's tile.</param>
/// <param name="Columns">Columns of a block's tile.</param>
/// <param name="WarpRows">Rows of a warp's part, a multiple of 16.</param>
/// <param name="WarpColumns">Columns of a warp's part, a multiple of 32.</param>
/// <param name="DepthBytes">Bytes of a slice along the depth: 64 or 128.</param>
/// <param name="Stages">Slices in shared memory.</param>
internal readonly record struct MmaTile(
    int Rows, int Columns, int WarpRows, int WarpColumns, int DepthBytes, int Stages)
{
    /// <summary>For large products: 64 x 64 sums a warp, so that shared memory keeps up with the tensor cores.
    /// </summary>
    public static readonly MmaTile Large = new(128, 256, 64, 64, 64, 4);

    /// <summary>For products with too few large tiles for all multiprocessors, or narrower ones.</summary>
    public static readonly MmaTile Medium = new(128, 128, 64, 64, 64, 4);

    /// <summary>Where a thread's registers hold every fragment twice.</summary>
    public static readonly MmaTile Paired = new(128, 128, 64, 32, 64, 4);

    /// <summary>For small products, with a long slice that keeps the four warps busy between barriers.</summary>
    public static readonly MmaTile Small = new(64, 64, 32, 32, 128, 4);

    /// <summary>Warps along the columns.</summary>
    public int WarpsAcross => Columns / WarpColumns;

    /// <summary>Threads of a block.</summary>
    public int Threads => Rows / WarpRows * WarpsAcross * 32;

    /// <summary>Bytes of a slice of both operands.</summary>
    public int StageBytes => (Rows + Columns) * DepthBytes;

    /// <summary>Bytes of shared memory.</summary>
    public int SharedBytes => StageBytes * Stages;

    /// <inheritdoc/>
    public override string ToString() => $"{Rows}x{Columns}/{Stages}";
}
