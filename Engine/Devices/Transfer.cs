using System.Runtime.InteropServices;

namespace Diffract.Engine;

/// <summary>Copies between devices, in pieces: a span of bytes ends at 2 GiB, an array of wider elements does not.
/// </summary>
internal static unsafe class Transfer
{
    private const int Piece = 1 << 26;

    /// <summary>Copies from the host to a device.</summary>
    public static void Upload<T>(Device device, nint address, ReadOnlySpan<T> source) where T : unmanaged
    {
        for (; !source.IsEmpty; source = source[Math.Min(Piece, source.Length)..], address += (nint)Piece * sizeof(T))
            device.Upload(address, MemoryMarshal.AsBytes(source[..Math.Min(Piece, source.Length)]));
    }

    /// <summary>Copies from a device to the host.</summary>
    public static void Download<T>(Device device, nint address, Span<T> target) where T : unmanaged
    {
        for (; !target.IsEmpty; target = target[Math.Min(Piece, target.Length)..], address += (nint)Piece * sizeof(T))
            device.Download(address, MemoryMarshal.AsBytes(target[..Math.Min(Piece, target.Length)]));
    }

    /// <summary>Copies a contiguous tensor's elements into another's of the same shape and type.</summary>
    public static void Copy(Tensor from, Tensor to)
    {
        nint source = from.View.Address, target = to.View.Address;
        var bytes = from.Count * from.DType.Size();
        if (from.Device == to.Device)
        {
            from.Device.Copy(source, target, bytes);
            GC.KeepAlive(from);
            GC.KeepAlive(to);
            return;
        }
        var between = from.Device is CpuDevice || to.Device is CpuDevice ? [] : new byte[Math.Min(bytes, Piece)];
        for (long at = 0; at < bytes; at += Piece)
        {
            var length = (int)Math.Min(Piece, bytes - at);
            if (from.Device is CpuDevice)
                to.Device.Upload(target + (nint)at, new ReadOnlySpan<byte>((byte*)source + at, length));
            else if (to.Device is CpuDevice)
                from.Device.Download(source + (nint)at, new Span<byte>((byte*)target + at, length));
            else
            {
                from.Device.Download(source + (nint)at, between.AsSpan(0, length));
                to.Device.Upload(target + (nint)at, between.AsSpan(0, length));
            }
        }
        GC.KeepAlive(from);
        GC.KeepAlive(to);
    }
}
