using System.Runtime.InteropServices;

namespace Diffract.Engine;

/// <summary>A dense array of numbers: a window (shape, strides, offset) on a <see cref="Engine.Storage"/>. Views share
/// storage. Activations of images are channels-last: [N, H, W, C].</summary>
public sealed class Tensor : IDisposable
{
    private readonly long[]? strides;
    private int disposed;

    internal Tensor(Storage storage, DType dtype, Shape shape, long offset = 0, long[]? strides = null)
    {
        (Storage, DType, Shape, Offset) = (storage, dtype, shape, offset);
        this.strides = strides is not null && !IsRowMajor(shape, strides) ? strides : null;
        storage.AddReference();
        Owner = Scope.Register(this);
    }

    /// <summary>Reclaims a tensor that its program forgot, and counts it.</summary>
    ~Tensor()
    {
        Storage.Device.CountForgotten();
        Release();
    }

    /// <summary>Lengths of the axes.</summary>
    public Shape Shape { get; }

    /// <summary>Type of the elements.</summary>
    public DType DType { get; }

    /// <summary>Where the elements are.</summary>
    public Device Device => Storage.Device;

    /// <summary>Number of axes.</summary>
    public int Rank => Shape.Rank;

    /// <summary>Number of elements.</summary>
    public long Count => Shape.Count;

    /// <summary>The memory, which other tensors may share.</summary>
    public Storage Storage { get; }

    /// <summary>Position of the first element in the storage, in elements.</summary>
    public long Offset { get; }

    /// <summary>Distance between neighbours along each axis, in elements.</summary>
    public IReadOnlyList<long> Strides => strides ?? Shape.RowMajorStrides();

    /// <summary><see cref="Strides"/> for kernels.</summary>
    internal ReadOnlySpan<long> Steps => strides ?? Shape.RowMajorStrides();

    /// <summary>True when the elements lie row-major without gaps, as kernels want them.</summary>
    public bool IsContiguous => strides is null;

    /// <summary>True once the tensor was released.</summary>
    public bool IsDisposed => Volatile.Read(ref disposed) != 0;

    /// <summary>What Autograd knows of this tensor; nothing for most.</summary>
    internal IDisposable? GradSlot { get; set; }

    internal Scope? Owner { get; set; }

    /// <summary>An uninitialised tensor.</summary>
    /// <param name="shape">Lengths of the axes.</param>
    /// <param name="dtype">Type of the elements.</param>
    /// <param name="device">Where; the CPU when left out.</param>
    public static Tensor Empty(Shape shape, DType dtype = DType.Float32, Device? device = null) =>
        new((device ?? Device.Cpu).Allocate(Bytes(shape, dtype)), dtype, shape);

    /// <summary>Uninitialised memory for what will stay much longer than what is made around it: parameters, say. It is
    /// kept apart from what the pool reuses.</summary>
    /// <inheritdoc cref="Empty"/>
    public static Tensor EmptyLasting(Shape shape, DType dtype = DType.Float32, Device? device = null) =>
        new((device ?? Device.Cpu).AllocateLasting(Bytes(shape, dtype)), dtype, shape);

    /// <summary>A tensor with a copy of <paramref name="values"/>, row-major.</summary>
    /// <exception cref="ShapeException">The number of values is not the shape's.</exception>
    public static Tensor From<T>(ReadOnlySpan<T> values, Shape shape, Device? device = null) where T : unmanaged
    {
        if (values.Length != shape.Count)
            throw new ShapeException($"{shape} has {shape.Count} elements, found {values.Length} values");
        var tensor = Empty(shape, DTypes.Of<T>(), device);
        tensor.CopyFrom(values);
        return tensor;
    }

    /// <inheritdoc cref="From{T}(ReadOnlySpan{T}, Shape, Device)"/>
    public static Tensor From<T>(T[] values, Shape shape, Device? device = null) where T : unmanaged =>
        From((ReadOnlySpan<T>)values, shape, device);

    /// <summary>A one-axis tensor with a copy of <paramref name="values"/>.</summary>
    public static Tensor From<T>(params T[] values) where T : unmanaged =>
        From((ReadOnlySpan<T>)values, [values.Length]);

    /// <summary>The memory as kernels take it. The tensor must stay alive while it is used.</summary>
    /// <exception cref="ShapeException">The elements do not lie row-major: make it contiguous first.</exception>
    public View View
    {
        get
        {
            ThrowIfDisposed();
            if (!IsContiguous) throw new ShapeException($"a kernel needs a contiguous tensor, found strides "
                + $"[{string.Join(", ", Strides)}] for {Shape}");
            return new View(Storage.Address + (nint)(Offset * DType.Size()), Count, DType);
        }
    }

    /// <summary>The memory with its strides, for the few kernels that take any layout. Address of element 0.</summary>
    internal View StridedView
    {
        get
        {
            ThrowIfDisposed();
            return new View(Storage.Address + (nint)(Offset * DType.Size()), Count, DType);
        }
    }

    /// <summary>Another tensor over the same memory.</summary>
    /// <param name="shape">Lengths of the axes.</param>
    /// <param name="offset">First element, counted from the start of the storage.</param>
    /// <param name="strides">Distances in elements, one an axis; row-major when left out.</param>
    /// <exception cref="ShapeException">The window reaches outside the storage.</exception>
    public Tensor Window(Shape shape, long offset, ReadOnlySpan<long> strides = default)
    {
        ThrowIfDisposed();
        var steps = strides.IsEmpty && shape.Rank > 0 ? shape.RowMajorStrides() : strides.ToArray();
        if (steps.Length != shape.Rank) throw new ShapeException($"{shape} needs {shape.Rank} strides");
        long first = offset, last = offset;
        for (var i = 0; i < shape.Rank; i++)
        {
            var reach = (shape[i] - 1) * steps[i];
            if (reach < 0) first += reach; else last += reach;
        }
        if (shape.Count > 0 && (first < 0 || (last + 1) * DType.Size() > Storage.Bytes))
            throw new ShapeException($"a window {shape} at element {offset} reaches outside a storage of "
                + $"{Storage.Bytes / DType.Size()} elements");
        return new Tensor(Storage, DType, shape, offset, steps);
    }

    /// <summary>The same elements under another handle, unknown to scopes and to Autograd.</summary>
    internal Tensor Alias()
    {
        ThrowIfDisposed();
        var alias = new Tensor(Storage, DType, Shape, Offset, strides);
        Scope.Detach(alias);
        return alias;
    }

    /// <summary>The elements of a contiguous CPU tensor, to read or write in place. Writing does not raise the
    /// storage's version: a weight that was used already is overwritten with <see cref="CopyFrom{T}"/>, or what was
    /// packed from it stays.</summary>
    /// <exception cref="DTypeException"><typeparamref name="T"/> is not how the elements are stored.</exception>
    /// <exception cref="DeviceException">The tensor is not on the CPU.</exception>
    /// <exception cref="ShapeException">Not contiguous, or more than 2^31-1 elements.</exception>
    public unsafe Span<T> AsSpan<T>() where T : unmanaged
    {
        if (Device is not CpuDevice) throw new DeviceException($"a span needs a cpu tensor, found one on {Device}");
        if (DTypes.Of<T>() != DType) throw new DTypeException($"the tensor is {DType}, not {DTypes.Of<T>()}");
        if (Count > int.MaxValue) throw new ShapeException($"{Shape} has more elements than a span can hold");
        return new Span<T>((void*)View.Address, (int)Count);
    }

    /// <summary>A copy of the elements, row-major, whatever the strides.</summary>
    public T[] ToArray<T>() where T : unmanaged
    {
        if (DTypes.Of<T>() != DType) throw new DTypeException($"the tensor is {DType}, not {DTypes.Of<T>()}");
        ThrowIfDisposed();
        var values = new T[Count];
        if (IsContiguous)
        {
            Transfer.Download(Device, View.Address, values.AsSpan());
            GC.KeepAlive(this);
            return values;
        }
        var filled = 0;
        TensorBytes.Write(this, bytes =>
        {
            var piece = MemoryMarshal.Cast<byte, T>(bytes);
            piece.CopyTo(values.AsSpan(filled));
            filled += piece.Length;
        });
        return values;
    }

    /// <summary>The value of a tensor with a single element.</summary>
    /// <exception cref="ShapeException">There is not exactly one.</exception>
    public T Item<T>() where T : unmanaged => Count == 1
        ? ToArray<T>()[0]
        : throw new ShapeException($"Item needs exactly one element, found {Shape}");

    /// <summary>Overwrites the elements, row-major.</summary>
    public void CopyFrom<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        if (Storage.IsReadOnly)
            throw new InvalidOperationException("this tensor's memory is read-only (a mapped file)");
        if (values.Length != Count) throw new ShapeException($"{Shape} has {Count} elements, found {values.Length}");
        if (DTypes.Of<T>() != DType) throw new DTypeException($"the tensor is {DType}, not {DTypes.Of<T>()}");
        Transfer.Upload(Device, View.Address, values);
        GC.KeepAlive(this);
        Storage.MarkChanged();
    }

    /// <summary>Overwrites the elements with those of another tensor, which may be on another device: the memory is
    /// copied as it is, behind what is queued on either device.</summary>
    /// <exception cref="ShapeException">The shapes differ, or one of the tensors is not contiguous.</exception>
    /// <exception cref="DTypeException">The types differ.</exception>
    public void CopyFrom(Tensor source)
    {
        if (Storage.IsReadOnly)
            throw new InvalidOperationException("this tensor's memory is read-only (a mapped file)");
        if (source.Shape != Shape) throw new ShapeException($"the tensor is {Shape}, the source {source.Shape}");
        if (source.DType != DType) throw new DTypeException($"the tensor is {DType}, the source {source.DType}");
        Transfer.Copy(source, this);
        Storage.MarkChanged();
    }

    /// <summary>Releases the tensor; the memory goes back to its pool with the last tensor over it.</summary>
    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    public override string ToString() => TensorText.Of(this);

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(IsDisposed, this);

    private void Release()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0) return;
        GradSlot?.Dispose();
        GradSlot = null;
        Storage.Release();
    }

    private static long Bytes(Shape shape, DType dtype)
    {
        try
        {
            return checked(shape.Count * dtype.Size());
        }
        catch (OverflowException)
        {
            throw new ShapeException($"{shape} of {dtype} is larger than an address space");
        }
    }

    private static bool IsRowMajor(Shape shape, long[] strides)
    {
        long step = 1;
        for (var i = shape.Rank - 1; i >= 0; i--)
        {
            if (shape[i] != 1 && strides[i] != step) return shape.Count == 0;
            step *= shape[i];
        }
        return true;
    }
}
