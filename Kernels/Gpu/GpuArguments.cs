using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>A kernel's parameters as the driver takes them, one after the other in the order of the method's.</summary>
internal sealed unsafe class GpuArguments
{
    private const int MostBytes = 1024, MostCount = 32;

    private readonly byte[] bytes = new byte[MostBytes];
    private readonly int[] places = new int[MostCount];
    private int end, count;

    /// <summary>The parameters, each at its place.</summary>
    public ReadOnlySpan<byte> Bytes => bytes.AsSpan(0, end);

    /// <summary>First byte of every parameter.</summary>
    public ReadOnlySpan<int> Places => places.AsSpan(0, count);

    /// <summary>An <see cref="ILGPU.ArrayView{T}"/> over a view's memory; empty for an absent one.</summary>
    public GpuArguments Put<T>(View view) where T : unmanaged =>
        Put(new ViewArgument(view.Address, view.Exists ? view.Count * view.DType.Size() / sizeof(T) : 0));

    /// <summary>An <see cref="ILGPU.ArrayView{T}"/> over <paramref name="length"/> elements.</summary>
    public GpuArguments Put<T>(T* address, long length) where T : unmanaged =>
        Put(new ViewArgument((nint)address, length));

    /// <summary>A number, or a struct of numbers.</summary>
    public GpuArguments Put<T>(T value) where T : struct
    {
        // A struct lies at multiples of its largest number, as a field behind a byte does.
        int size = Unsafe.SizeOf<T>(), alignment = Unsafe.SizeOf<Behind<T>>() - size;
        Unsafe.WriteUnaligned(ref bytes[Place(size, alignment)], value);
        return this;
    }

    /// <summary>Bytes that lie at a multiple of <paramref name="alignment"/>.</summary>
    public GpuArguments Put(ReadOnlySpan<byte> value, int alignment)
    {
        value.CopyTo(bytes.AsSpan(Place(value.Length, alignment)));
        return this;
    }

    // Where the next parameter lies.
    private int Place(int size, int alignment)
    {
        var place = (end + alignment - 1) / alignment * alignment;
        if (place + size > MostBytes || count == MostCount)
            throw new InvalidOperationException($"a kernel takes at most {MostBytes} bytes in {MostCount} parameters");
        places[count++] = place;
        end = place + size;
        return place;
    }

    private readonly record struct ViewArgument(nint Address, long Length);

    private readonly record struct Behind<T>(byte First, T Value);
}
