using System.Runtime.InteropServices;

namespace Diffract.Engine;

/// <summary>Hands out a tensor's elements as bytes, row-major and little-endian, a piece at a time: nothing is ever
/// held twice.</summary>
internal static unsafe class TensorBytes
{
    private const int Piece = 1 << 20, DevicePiece = 1 << 24;

    /// <summary>Calls <paramref name="sink"/> with one piece after the other. What is on another device is waited for;
    /// of a tensor with gaps there the whole window is fetched, since only the host can gather it without a kernel.
    /// </summary>
    public static void Write(Tensor tensor, Action<ReadOnlySpan<byte>> sink)
    {
        if (tensor.Device is not CpuDevice)
        {
            if (tensor.IsContiguous) Fetch(tensor, sink);
            else using (var window = WindowOnHost(tensor)) Write(window, sink);
            return;
        }
        if (tensor.IsContiguous)
        {
            WriteContiguous(tensor, sink);
            return;
        }
        switch (tensor.DType.Size())
        {
            case 1: Gather<byte>(tensor, sink); break;
            case 2: Gather<ushort>(tensor, sink); break;
            case 4: Gather<uint>(tensor, sink); break;
            default: Gather<ulong>(tensor, sink); break;
        }
    }

    private static void Fetch(Tensor tensor, Action<ReadOnlySpan<byte>> sink)
    {
        var start = tensor.View.Address;
        var bytes = tensor.Count * tensor.DType.Size();
        var buffer = new byte[Math.Min(bytes, DevicePiece)];
        for (long at = 0; at < bytes; at += DevicePiece)
        {
            var piece = buffer.AsSpan(0, (int)Math.Min(DevicePiece, bytes - at));
            tensor.Device.Download(start + (nint)at, piece);
            sink(piece);
        }
        GC.KeepAlive(tensor);
    }

    // From the first element that the strides reach to the last.
    private static Tensor WindowOnHost(Tensor tensor)
    {
        long before = 0, after = 0;
        for (var axis = 0; axis < tensor.Rank; axis++)
        {
            var reach = (tensor.Shape[axis] - 1) * tensor.Steps[axis];
            if (reach < 0) before -= reach;
            else after += reach;
        }
        using var dense = tensor.Window([before + after + 1], tensor.Offset - before);
        using var onHost = Tensor.Empty(dense.Shape, dense.DType);
        Transfer.Copy(dense, onHost);
        return onHost.Window(tensor.Shape, before, tensor.Steps);
    }

    private static void WriteContiguous(Tensor tensor, Action<ReadOnlySpan<byte>> sink)
    {
        var start = tensor.View.As<byte>();
        var bytes = tensor.Count * tensor.DType.Size();
        for (long at = 0; at < bytes; at += Piece)
            sink(new ReadOnlySpan<byte>(start + at, (int)Math.Min(Piece, bytes - at)));
        GC.KeepAlive(tensor);
    }

    private static void Gather<T>(Tensor tensor, Action<ReadOnlySpan<byte>> sink) where T : unmanaged
    {
        var source = tensor.StridedView.As<T>();
        var shape = tensor.Shape;
        var strides = tensor.Strides;
        var index = new long[shape.Rank];
        var piece = new T[Math.Min(tensor.Count, Piece / sizeof(T))];
        var filled = 0;
        var count = tensor.Count;
        for (long i = 0, at = 0; i < count; i++)
        {
            piece[filled++] = source[at];
            if (filled == piece.Length)
            {
                sink(MemoryMarshal.AsBytes(piece.AsSpan()));
                filled = 0;
            }
            for (var axis = shape.Rank - 1; axis >= 0; axis--)
            {
                at += strides[axis];
                if (++index[axis] < shape[axis]) break;
                at -= strides[axis] * shape[axis];
                index[axis] = 0;
            }
        }
        sink(MemoryMarshal.AsBytes(piece.AsSpan(0, filled)));
        GC.KeepAlive(tensor);
    }
}
