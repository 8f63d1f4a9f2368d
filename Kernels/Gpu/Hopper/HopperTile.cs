namespace Diffract.Kernels;

/// <summary>How a product is cut for warpgroups: one of them fetches slices of both operands with tensor maps, two
/// multiply them, each half of the block's rows.</summary>
/// <param name="Columns">Columns of a block's tile: of one <c>wgmma</c>.</param>
/// <param name="Stages">Slices in shared memory.</param>
internal readonly record struct HopperTile(int Columns, int Stages)
{
    /// <summary>Rows of a block's tile.</summary>
    public const int Rows = 128;

    /// <summary>Rows of one <c>wgmma</c>.</summary>
    public const int GroupRows = 64;

    /// <summary>Warpgroups that multiply.</summary>
    public const int Consumers = Rows / GroupRows;

    /// <summary>Threads of a warpgroup.</summary>
    public const int GroupThreads = 128;

    /// <summary>Threads of a block.</summary>
    public const int Threads = (1 + Consumers) * GroupThreads;

    /// <summary>Bytes over which pieces of 16 are exchanged: a row of every box in shared memory.</summary>
    public const int SpanBytes = 128;

    /// <summary>16-bit numbers of a box's row, and of a slice along the depth.</summary>
    public const int Slice = SpanBytes / 2;

    /// <summary>Numbers along the depth of one <c>wgmma</c>.</summary>
    public const int Step = 16;

    /// <summary>For large products: an operand's slice is used as often as it can be.</summary>
    public static readonly HopperTile Large = new(256, 4);

    /// <summary>For products with too few large tiles for all multiprocessors, or narrower ones.</summary>
    public static readonly HopperTile Medium = new(128, 6);

    /// <summary>For few or narrow tiles.</summary>
    public static readonly HopperTile Small = new(64, 8);

    /// <summary>Bytes of a slice of the left operand.</summary>
    public const int LeftBytes = Rows * SpanBytes;

    /// <summary>Bytes of a slice of both operands.</summary>
    public int StageBytes => LeftBytes + Columns * SpanBytes;

    /// <inheritdoc/>
    public override string ToString() => $"{Rows}x{Columns}";
}
