using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Divides long arrays among threads. Where the cuts are depends on the length alone.</summary>
internal static class Chunks
{
    /// <summary>Elements of a chunk: 128 KiB of floats, a fair share of a core's cache.</summary>
    public const int Size = 1 << 15;

    /// <summary>Calls <paramref name="body"/> with ranges [first, last) that together make [0,
    /// <paramref name="count"/>).</summary>
    public static void ForChunks(this CpuDevice device, long count, Action<long, long> body) =>
        device.ForChunks(count, Size, body);

    /// <summary>The same with chunks of another length: for items that are more than one element.</summary>
    public static void ForChunks(this CpuDevice device, long count, long size, Action<long, long> body)
    {
        size = Math.Max(1, size);
        if (count <= size)
        {
            if (count > 0) body(0, count);
            return;
        }
        device.For(checked((int)((count + size - 1) / size)), chunk =>
            body(chunk * size, Math.Min(count, (chunk + 1) * size)));
    }
}
