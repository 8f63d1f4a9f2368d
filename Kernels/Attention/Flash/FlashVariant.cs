using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>One of the texts that attention's generators write: a block of four warps keeps some rows of a head (its
/// queries or its keys) while the other rows pass by in shared memory.</summary>
/// <param name="Type">Type of the numbers: 16 bits.</param>
/// <param name="Width">Channels of a head: 32, 64 or 128.</param>
/// <param name="Rows">Rows that a block keeps: 64 or 128, and a fourth of them a warp.</param>
/// <param name="Columns">Rows that pass by at once, a multiple of 16.</param>
/// <param name="Stages">How many times these are in shared memory, one in use and the others on their way.</param>
internal readonly record struct FlashVariant(DType Type, int Width, int Rows, int Columns, int Stages)
{
    /// <summary>Threads of a block.</summary>
    public const int Threads = 128;

    /// <summary>Rows of a warp, in groups of 16 as the tensor cores take them.</summary>
    public int Groups => Rows / 64;

    /// <summary>Bytes of a row in shared memory.</summary>
    public int RowBytes => 2 * Width;

    /// <summary>Products along a row.</summary>
    public int Steps => Width / 16;

    /// <summary>Bytes of a tile of the block's rows.</summary>
    public int RowsBytes => Rows * RowBytes;

    /// <summary>Bytes of a tile of the rows that pass by.</summary>
    public int ColumnsBytes => Columns * RowBytes;

    /// <summary>Blocks that a multiprocessor has registers for: 168 of a thread's, or all 255 where its sums need them.
    /// </summary>
    public int BlocksAtOnce => Groups == 1 && Width < 128 ? 3 : 2;

    /// <summary>Queries against all keys, forward: with two groups of a warp's rows every fragment of a key is used
    /// twice.</summary>
    public static FlashVariant Forward(DType type, int width, int tokens) =>
        new(type, width, tokens <= 64 ? 64 : 128, width == 128 ? 32 : 64, 2);

    /// <summary>The gradient of queries.</summary>
    public static FlashVariant QueryGradient(DType type, int width, int tokens) =>
        new(type, width, tokens <= 64 || width == 128 ? 64 : 128, width == 128 ? 32 : 64, 2);

    /// <summary>The gradients of keys and values, whose sums fill a thread's registers.</summary>
    public static FlashVariant KeyGradient(DType type, int width) =>
        new(type, width, 64, width == 32 ? 64 : 32, width == 64 ? 3 : 2);

    /// <summary>A kernel's beginning.</summary>
    public PtxWriter Writer(string entry, int architecture) =>
        new(entry, Threads, architecture) { BlocksAtOnce = BlocksAtOnce };

    /// <summary>What people call it.</summary>
    public override string ToString() => $"{Type} {Width} {Rows}x{Columns}";
}
