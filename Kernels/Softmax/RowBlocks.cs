using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Divides rows among threads.</summary>
internal static class RowBlocks
{
    private const int BlockElements = 32768;

    /// <summary>Calls <paramref name="body"/> once for every row; rows that make about 128 KiB are one task.</summary>
    public static void ForRows(this CpuDevice device, long rows, long columns, Action<long> body)
    {
        var each = Math.Max(1, BlockElements / Math.Max(1, columns));
        device.For(checked((int)((rows + each - 1) / each)), block =>
        {
            var last = Math.Min(rows, (block + 1) * each);
            for (var row = block * each; row < last; row++) body(row);
        });
    }
}
