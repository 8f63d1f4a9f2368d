namespace Diffract.Engine;

/// <summary>Where tensors live and kernels run. Devices are values that callers pass; there is no ambient one.
/// </summary>
public abstract class Device
{
    private protected Device(string name) => Name = name;

    /// <summary>The device's name in messages and on the command line: <c>cpu</c>.</summary>
    public string Name { get; }

    /// <summary>What is allocated on this device, and what was.</summary>
    public abstract MemoryStatistics Memory { get; }

    /// <summary>Starts a new peak of <see cref="Memory"/> at the current level.</summary>
    public abstract void ResetPeak();

    /// <summary>The managed CPU device, with a thread for every core the process may use.</summary>
    public static CpuDevice Cpu { get; } = new(Environment.ProcessorCount);

    /// <summary>Memory for <paramref name="bytes"/> bytes, uninitialised, 64-byte aligned.</summary>
    /// <exception cref="OutOfDeviceMemoryException">None is left, even after trimming and collecting.</exception>
    public abstract Storage Allocate(long bytes);

    /// <summary>Memory that will stay much longer than what is made around it: it is kept apart, so that it does not
    /// divide what the pool reuses.</summary>
    internal virtual Storage AllocateLasting(long bytes) => Allocate(bytes);

    /// <summary>Gives memory that the pool keeps for reuse back to the system.</summary>
    public abstract void Trim();

    /// <summary>Waits until everything queued on the device is done, so that its memory may be read.</summary>
    public abstract void Synchronize();

    /// <summary>Records what <paramref name="body"/> queues on this device instead of running it, so that it can be
    /// repeated. The body must not read results on the host nor copy from it. It should have run once before, so that
    /// what is made only once (packed weights, say) is not made in the recording.</summary>
    /// <returns>The recording; null, and nothing was called, where a device has nothing to gain from one.</returns>
    public virtual Recording? Record(Action body) => null;

    /// <summary>Copies from the host to the device's memory, behind everything queued.</summary>
    internal abstract void Upload(nint address, ReadOnlySpan<byte> source);

    /// <summary>Waits for everything queued and copies from the device's memory to the host.</summary>
    internal abstract void Download(nint address, Span<byte> target);

    /// <summary>Copies within the device's memory, behind everything queued.</summary>
    internal abstract void Copy(nint source, nint target, long bytes);

    /// <summary>Returns the block of a storage nobody refers to any more.</summary>
    internal abstract void Free(nint address, long capacity);

    /// <summary>Notes that a tensor was reclaimed by the garbage collector instead of a scope or a dispose.</summary>
    internal abstract void CountForgotten();

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>A device's memory at one moment.</summary>
/// <param name="LiveBytes">Bytes of the storages in use.</param>
/// <param name="PeakBytes">Largest value of <paramref name="LiveBytes"/> since the last reset; of a parallel loop as
/// if all threads had held the most that one of its tasks takes at once, so that timing does not matter.</param>
/// <param name="CachedBytes">Bytes kept for reuse.</param>
/// <param name="LiveBlocks">Number of storages in use.</param>
/// <param name="Forgotten">Tensors that neither a scope nor <c>Dispose</c> released; the garbage collector did.</param>
public readonly record struct MemoryStatistics(
    long LiveBytes, long PeakBytes, long CachedBytes, long LiveBlocks, long Forgotten);
