using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Cuts long rows into pieces, so that a few of them keep all threads busy. The cuts depend on the shape
/// alone.</summary>
internal static unsafe class RowPieces
{
    /// <summary>Elements of a piece; a row up to this length is one.</summary>
    public const int Most = 16384;

    /// <summary>Two sums over every row, [rows, 2] doubles, from the sums of its pieces.</summary>
    /// <param name="device">Gives threads and scratch memory.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Elements of a row.</param>
    /// <param name="sums">Takes the sums.</param>
    /// <param name="piece">The sums of a piece: row, first column, columns.</param>
    public static void Sum(
        CpuDevice device, int rows, int columns, double* sums, Func<int, int, int, (double, double)> piece)
    {
        var pieces = (columns + Most - 1) / Most;
        using var memory = new Scratch(device, 2L * rows * pieces * sizeof(double));
        var parts = memory.F64;
        ForEach(device, rows, columns, (row, first, count) =>
        {
            var at = 2 * ((nint)row * pieces + first / Most);
            (parts[at], parts[at + 1]) = piece(row, first, count);
        });
        for (var row = 0; row < rows; row++)
        {
            (double a, double b) = (0, 0);
            for (var i = 0; i < pieces; i++)
            {
                a += parts[2 * ((nint)row * pieces + i)];
                b += parts[2 * ((nint)row * pieces + i) + 1];
            }
            (sums[2 * row], sums[2 * row + 1]) = (a, b);
        }
    }

    /// <summary>Calls <paramref name="piece"/> with every row, first column and number of columns.</summary>
    public static void ForEach(CpuDevice device, int rows, int columns, Action<int, int, int> piece)
    {
        var pieces = (columns + Most - 1) / Most;
        device.ForRows((long)rows * pieces, Math.Min(columns, Most), i =>
        {
            var first = (int)(i % pieces) * Most;
            piece((int)(i / pieces), first, Math.Min(Most, columns - first));
        });
    }
}
