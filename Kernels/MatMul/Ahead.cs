using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Diffract.Kernels;

/// <summary>Memory that will be needed next and is asked for meanwhile: every step of a product's inner loop asks for a
/// line, or for a part of one. The processor's own prefetching needs a few lines to see a stream, and stops at the end
/// of a page; a panel that comes from the third cache or from memory would halt the loop at its start.</summary>
/// <param name="first">First byte; null for nothing.</param>
/// <param name="tile">Bytes from one tile of a product to the next.</param>
/// <param name="step">Bytes from one step of the sums to the next.</param>
internal readonly unsafe struct Ahead(float* first, nint tile, nint step)
{
    /// <summary>True when there is nothing to ask for.</summary>
    public bool IsNothing => First is null;

    /// <summary>First byte.</summary>
    public byte* First { get; } = (byte*)first;

    /// <summary>Bytes from one tile of a product to the next.</summary>
    public nint Tile { get; } = tile;

    /// <summary>Bytes from one step of the sums to the next.</summary>
    public nint Step { get; } = step;

    /// <summary>The packed panel of the next product, which is as deep as this one.</summary>
    /// <param name="panel">Its first float; null for nothing.</param>
    /// <param name="rows">Rows of this product.</param>
    /// <param name="depth">Length of the sums.</param>
    public static Ahead Panel(float* panel, int rows, int depth)
    {
        nint step = Kernels.Tile.Columns * sizeof(float) / Kernels.Tile.Count(rows);
        return panel is null ? default : new Ahead(panel, step * depth, step);
    }

    /// <summary>Rows of a matrix, one for every tile.</summary>
    /// <param name="first">The first row's first float.</param>
    /// <param name="stride">Floats between rows.</param>
    /// <param name="count">Floats of a row.</param>
    /// <param name="depth">Length of the sums.</param>
    public static Ahead Rows(float* first, nint stride, int count, int depth) =>
        new(first, stride * sizeof(float), (count * sizeof(float) + depth - 1) / depth);

    /// <summary>The same, some tiles later.</summary>
    public Ahead After(int tiles) => IsNothing ? default : new Ahead((float*)(First + tiles * Tile), Tile, Step);

    /// <summary>Asks for one line, for the second cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Ask(byte* address)
    {
        if (Sse.IsSupported) Sse.Prefetch1(address);
    }
}
