using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Divides rows among threads.</summary>
internal static class RowBlocks
{
    /// <summary>Calls <paramref name="body"/> once for every row; as many rows as fill a chunk are one task.</summary>
    public static void ForRows(this CpuDevice device, long rows, long columns, Action<long> body) =>
        device.ForChunks(rows, Chunks.Size / Math.Max(1, columns), (first, last) =>
        {
            for (var row = first; row < last; row++) body(row);
        });
}
