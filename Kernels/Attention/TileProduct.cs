using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>Matrix products of cache-sized tiles: C (+)= A B, in blocks like those of <see cref="Tile"/>, whose twelve
/// vectors of sums stay in registers.</summary>
/// <remarks>B lies in <see cref="Panels"/>. A may have any strides: unlike in <see cref="Tile"/> its transpose costs
/// nothing, and half of the products of a backward pass have a transposed A. Sums run along the depth in order: a
/// result depends on nothing but its operands.</remarks>
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
            for (var row = 0; row < rows; row += Tile.Rows)
                Block(depth, a + row * aRow, aRow, aDepth, b, c + row * cRow + column, cRow, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block(int depth, float* a, nint aRow, nint aDepth, float* b, float* c, nint cRow, bool add)
    {
        Vector256<float> c00, c01, c10, c11, c20, c21, c30, c31, c40, c41, c50, c51;
        float* lower = c + 3 * cRow;
        if (add)
        {
            (c00, c01) = (Vector256.Load(c), Vector256.Load(c + 8));
            (c10, c11) = (Vector256.Load(c + cRow), Vector256.Load(c + cRow + 8));
            (c20, c21) = (Vector256.Load(c + 2 * cRow), Vector256.Load(c + 2 * cRow + 8));
            (c30, c31) = (Vector256.Load(lower), Vector256.Load(lower + 8));
            (c40, c41) = (Vector256.Load(lower + cRow), Vector256.Load(lower + cRow + 8));
            (c50, c51) = (Vector256.Load(lower + 2 * cRow), Vector256.Load(lower + 2 * cRow + 8));
        }
        else
        {
            c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = c40 = c41 = c50 = c51 = Vector256<float>.Zero;
        }
        float* a3 = a + 3 * aRow;
        for (; depth > 0; depth--, a += aDepth, a3 += aDepth, b += Tile.Columns)
        {
            Vector256<float> b0 = Vector256.Load(b), b1 = Vector256.Load(b + 8), x = Vector256.Create(*a);
            c00 = Vector256.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector256.MultiplyAddEstimate(x, b1, c01);
            x = Vector256.Create(a[aRow]);
            c10 = Vector256.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector256.MultiplyAddEstimate(x, b1, c11);
            x = Vector256.Create(a[2 * aRow]);
            c20 = Vector256.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector256.MultiplyAddEstimate(x, b1, c21);
            x = Vector256.Create(*a3);
            c30 = Vector256.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector256.MultiplyAddEstimate(x, b1, c31);
            x = Vector256.Create(a3[aRow]);
            c40 = Vector256.MultiplyAddEstimate(x, b0, c40);
            c41 = Vector256.MultiplyAddEstimate(x, b1, c41);
            x = Vector256.Create(a3[2 * aRow]);
            c50 = Vector256.MultiplyAddEstimate(x, b0, c50);
            c51 = Vector256.MultiplyAddEstimate(x, b1, c51);
        }
        c00.Store(c);
        c01.Store(c + 8);
        c10.Store(c + cRow);
        c11.Store(c + cRow + 8);
        c20.Store(c + 2 * cRow);
        c21.Store(c + 2 * cRow + 8);
        c30.Store(lower);
        c31.Store(lower + 8);
        c40.Store(lower + cRow);
        c41.Store(lower + cRow + 8);
        c50.Store(lower + 2 * cRow);
        c51.Store(lower + 2 * cRow + 8);
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
