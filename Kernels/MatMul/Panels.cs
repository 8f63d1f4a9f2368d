using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>The right operand as the tile reads it: panels of sixteen columns, each contiguous along the depth,
/// [panel][depth][16], the last panel filled up with zeros.</summary>
internal static unsafe class Panels
{
    /// <summary>Panels that <paramref name="columns"/> columns need.</summary>
    public static int Count(int columns) => (columns + Tile.Columns - 1) / Tile.Columns;

    /// <summary>Floats of the packed operand.</summary>
    public static long Floats(int depth, int columns) => (long)Count(columns) * depth * Tile.Columns;

    /// <summary>Packs one panel of B.</summary>
    /// <param name="b">B [depth, columns] row-major, or [columns, depth] when <paramref name="transposed"/>.</param>
    /// <param name="stride">Floats between B's rows.</param>
    /// <param name="transposed">True when the depth is B's contiguous axis.</param>
    /// <param name="depth">Length of the sums.</param>
    /// <param name="columns">Columns of B.</param>
    /// <param name="panel">Which panel.</param>
    /// <param name="to">The panel's place in the packed operand.</param>
    public static void Pack(float* b, nint stride, bool transposed, int depth, int columns, int panel, float* to)
    {
        var first = panel * Tile.Columns;
        var width = Math.Min(Tile.Columns, columns - first);
        if (transposed) PackTransposed(b + first * stride, stride, depth, width, to);
        else PackRows(b + first, stride, depth, width, to);
    }

    /// <summary>Packs neighbouring panels of a part of B's depth, reading along its rows: in a large matrix each row is
    /// on a page of its own.</summary>
    /// <inheritdoc cref="Pack"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackPart(float* b, nint stride, bool transposed, int depth, int columns, int panel, int panels,
        float* to)
    {
        var whole = transposed ? 0 : Math.Min(panels, columns / Tile.Columns - panel);
        nint step = (nint)depth * Tile.Columns;
        for (var k = 0; k < depth; k++)
        {
            float* from = b + k * stride + panel * Tile.Columns, target = to + k * Tile.Columns;
            for (var p = 0; p < whole; p++, from += Tile.Columns, target += step)
            {
                Vector256.Load(from).Store(target);
                Vector256.Load(from + 8).Store(target + 8);
            }
        }
        for (var p = whole; p < panels; p++) Pack(b, stride, transposed, depth, columns, panel + p, to + p * step);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackRows(float* b, nint stride, int depth, int width, float* to)
    {
        if (width == Tile.Columns)
        {
            for (var k = 0; k < depth; k++, b += stride, to += Tile.Columns)
            {
                Vector256.Load(b).Store(to);
                Vector256.Load(b + 8).Store(to + 8);
            }
            return;
        }
        for (var k = 0; k < depth; k++, b += stride, to += Tile.Columns)
            for (var j = 0; j < Tile.Columns; j++) to[j] = j < width ? b[j] : 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackTransposed(float* b, nint stride, int depth, int width, float* to)
    {
        var k = 0;
        if (width == Tile.Columns)
        {
            for (; k + 8 <= depth; k += 8)
            {
                Transpose8.Run(b + k, stride, to + k * Tile.Columns, Tile.Columns);
                Transpose8.Run(b + 8 * stride + k, stride, to + k * Tile.Columns + 8, Tile.Columns);
            }
        }
        for (; k < depth; k++)
            for (var j = 0; j < Tile.Columns; j++) to[k * Tile.Columns + j] = j < width ? b[j * stride + k] : 0;
    }
}
