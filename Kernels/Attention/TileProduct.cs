using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>Matrix products of cache-sized tiles: C (+)= A B.</summary>
/// <remarks>B lies in <see cref="Panels"/>. A may have any strides: half of the products of a backward pass have a
/// transposed A. Sums run along the depth in order: a result depends on nothing but its operands.</remarks>
internal static unsafe class TileProduct
{
    /// <summary>Rows rounded up to whole blocks, in which rows of A and C are read and written.</summary>
    public static int WholeRows(int rows) => (rows + Tile.Rows - 1) / Tile.Rows * Tile.Rows;

    /// <summary>Columns rounded up to whole panels.</summary>
    public static int WholeColumns(int columns) => Panels.Count(columns) * Tile.Columns;

    /// <summary>C = A B, or C += A B.</summary>
    /// <param name="rows">Rows of A and C, rounded up to whole blocks by the callee.</param>
    /// <param name="columns">Columns of B and C, likewise.</param>
    /// <param name="depth">Columns of A, rows of B.</param>
    /// <param name="a">A, element (r, k) at r aRow + k aDepth.</param>
    /// <param name="aRow">Distance of A's rows.</param>
    /// <param name="aDepth">Distance of A's columns.</param>
    /// <param name="b">First panel of B.</param>
    /// <param name="panel">Distance of B's panels.</param>
    /// <param name="c">C, row-major.</param>
    /// <param name="cRow">Distance of C's rows.</param>
    /// <param name="add">True to add to what C holds.</param>
    public static void Run(int rows, int columns, int depth, float* a, nint aRow, nint aDepth, float* b, nint panel,
        float* c, nint cRow, bool add)
    {
        for (var column = 0; column < columns; column += Tile.Columns, b += panel)
            Tile.Multiply(rows, depth, a, aRow, aDepth, b, Tile.Columns, c + column, cRow, add);
    }

    /// <summary>Copies rows, multiplied by a factor, to rows of another distance.</summary>
    public static void CopyRows(
        float* source, nint sourceRow, int rows, int columns, float factor, float* target, nint targetRow)
    {
        for (var r = 0; r < rows; r++, source += sourceRow, target += targetRow)
        {
            var c = 0;
            for (; c + 8 <= columns; c += 8) (Vector256.Load(source + c) * factor).Store(target + c);
            for (; c < columns; c++) target[c] = source[c] * factor;
        }
    }

    /// <summary>Packs B or, when its depth is the contiguous axis, its transpose; panels <paramref name="panel"/>
    /// floats apart.</summary>
    public static void Pack(
        float* b, nint stride, bool transposed, int depth, int columns, float* target, nint panel)
    {
        for (var i = 0; i < Panels.Count(columns); i++)
            Panels.Pack(b, stride, transposed, depth, columns, i, target + i * panel);
    }
}
