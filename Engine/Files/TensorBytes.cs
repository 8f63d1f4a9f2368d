using System.Runtime.InteropServices;

namespace Diffract.Engine;

/// <summary>Hands out a tensor's elements as bytes, row-major and little-endian, a piece at a time: nothing is ever
/// held twice.</summary>
internal static unsafe class TensorBytes
{
    private const int Piece = 1 << 20;

    /// <summary>Calls <paramref name="sink"/> with one piece after the other.</summary>
    /// <exception cref="DeviceException">The tensor is not on the CPU.</exception>
    public static void Write(Tensor tensor, Action<ReadOnlySpan<byte>> sink)
    {
        if (tensor.Device is not CpuDevice)
            throw new DeviceException($"a file is written from cpu tensors, found one on {tensor.Device}");
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
