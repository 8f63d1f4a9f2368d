using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>Matrix products of cache-sized tiles: C (+)= A B in blocks of 6 rows and 16 columns, whose twelve vectors
/// of sums stay in registers.</summary>
/// <remarks>B lies in panels of <see cref="Columns"/> columns, [depth][16] each, filled up with zeros. A may have any
/// strides, so its transpose costs nothing. Sums run along the depth in order: a result depends on nothing but its
/// operands.</remarks>
internal static unsafe class TileProduct
{
    /// <summary>Rows of a block; rows of A and C are read and written in whole blocks.</summary>
    public const int Rows = 6;

    /// <summary>Columns of a panel of B, and of a block.</summary>
    public const int Columns = 16;

    /// <summary>The next multiple of <see cref="Rows"/>.</summary>
    public static int WholeRows(int rows) => (rows + Rows - 1) / Rows * Rows;

    /// <summary>The next multiple of <see cref="Columns"/>.</summary>
    public static int WholeColumns(int columns) => (columns + Columns - 1) / Columns * Columns;

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
        for (var column = 0; column < columns; column += Columns, b += panel)
            for (var row = 0; row < rows; row += Rows)
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
        for (; depth > 0; depth--, a += aDepth, a3 += aDepth, b += Columns)
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

    /// <summary>Packs a row-major matrix, multiplied by a factor, as an operand B: [panel][row][16], panels
    /// <paramref name="panel"/> floats apart.</summary>
    public static void Pack(
        float* source, nint sourceRow, int rows, int columns, float factor, float* target, nint panel)
    {
        for (var column = 0; column < columns; column += Columns, target += panel)
        {
            var width = Math.Min(Columns, columns - column);
            for (var r = 0; r < rows; r++)
            {
                float* from = source + r * sourceRow + column, to = target + r * Columns;
                if (width == Columns)
                {
                    (Vector256.Load(from) * factor).Store(to);
                    (Vector256.Load(from + 8) * factor).Store(to + 8);
                }
                else for (var c = 0; c < Columns; c++) to[c] = c < width ? from[c] * factor : 0;
            }
        }
    }

    /// <summary>Packs the transpose of a row-major matrix, multiplied by a factor, as an operand B: its rows become
    /// columns, [panel][column][16], panels <paramref name="panel"/> floats apart.</summary>
    public static void PackTransposed(
        float* source, nint sourceRow, int rows, int columns, float factor, float* target, nint panel)
    {
        for (var row = 0; row < rows; row += Columns, target += panel)
        {
            for (var r = 0; r < Columns; r++)
            {
                var from = source + (row + r) * sourceRow;
                if (row + r < rows) for (var c = 0; c < columns; c++) target[c * Columns + r] = from[c] * factor;
                else for (var c = 0; c < columns; c++) target[c * Columns + r] = 0;
            }
        }
    }
}
