using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Walks the rows of a broadcast on all threads.</summary>
internal static class BroadcastRows
{
    /// <summary>A piece of a row: where each operand and the result start, and how many elements.</summary>
    public delegate void Piece(long a, long b, long c, long result, long count);

    /// <summary>Calls <paramref name="body"/> with pieces that together fill the result, each element once.</summary>
    public static void ForRows(this CpuDevice device, Broadcast plan, Piece body)
    {
        var row = plan.Row;
        var (stepA, stepB, stepC) = plan.RowSteps;
        device.ForChunks(plan.Count, (first, last) =>
        {
            while (first < last)
            {
                var (index, column) = Math.DivRem(first, row);
                var count = Math.Min(row - column, last - first);
                var (a, b, c) = plan.At(index);
                body(a + (column * stepA), b + (column * stepB), c + (column * stepC), first, count);
                first += count;
            }
        });
    }
}
