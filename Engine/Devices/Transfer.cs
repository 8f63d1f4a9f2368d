namespace Diffract.Engine;

/// <summary>Copies between devices.</summary>
internal static unsafe class Transfer
{
    private const int Piece = 1 << 26;

    /// <summary>Copies a contiguous tensor's elements into another's of the same shape and type.</summary>
    public static void Copy(Tensor from, Tensor to)
    {
        nint source = from.View.Address, target = to.View.Address;
        var bytes = from.Count * from.DType.Size();
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
