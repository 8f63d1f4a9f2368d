namespace Diffract.Engine;

/// <summary>Managed SIMD on the cores of this machine. Work is divided by shape and never by the number of threads, so
/// the same bits come out whatever the thread count.</summary>
public sealed class CpuDevice : Device, IDisposable
{
    private readonly MemoryPool pool = new(new NativeSource());
    private readonly Workers workers;

    /// <summary>A device with its own threads and its own memory pool.</summary>
    /// <param name="threads">Threads that work on one operation, the calling one included; at least 1.</param>
    public CpuDevice(int threads) : base("cpu")
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        workers = new Workers(threads - 1);
        Threads = threads;
    }

    /// <summary>Threads that work on one operation, the calling one included.</summary>
    public int Threads { get; }

    /// <inheritdoc/>
    public override MemoryStatistics Memory => pool.Statistics;

    /// <inheritdoc/>
    public override void ResetPeak() => pool.ResetPeak();

    /// <inheritdoc/>
    public override Storage Allocate(long bytes) => Allocate(bytes, false);

    /// <inheritdoc/>
    public override void Trim() => pool.Trim();

    /// <summary>Nothing is queued on the CPU: returns at once.</summary>
    public override void Synchronize() { }

    /// <summary>Calls <paramref name="body"/> for 0 … <paramref name="count"/>-1, each once, on all threads of the
    /// device; returns when all calls have ended. Which thread takes which number is not fixed, so a body must write
    /// where no other does, and sums that cross numbers belong in fixed slots that the caller adds in order.</summary>
    public void For(int count, Action<int> body)
    {
        var each = workers.For(count, body);
        if (each > 0) pool.ReachPeak(each * Math.Min(count, Threads));
    }

    /// <summary>Ends the device's threads and returns what its pool keeps. Tensors on it must be gone by then;
    /// <see cref="Device.Cpu"/> is never disposed.</summary>
    public void Dispose()
    {
        if (this == Cpu) return;
        workers.Dispose();
        pool.Trim();
    }

    internal override Storage AllocateLasting(long bytes) => Allocate(bytes, true);

    internal override unsafe void Upload(nint address, ReadOnlySpan<byte> source) =>
        source.CopyTo(new Span<byte>((void*)address, source.Length));

    internal override unsafe void Download(nint address, Span<byte> target) =>
        new ReadOnlySpan<byte>((void*)address, target.Length).CopyTo(target);

    internal override unsafe void Copy(nint source, nint target, long bytes) =>
        Buffer.MemoryCopy((void*)source, (void*)target, bytes, bytes);

    internal override void Free(nint address, long capacity) => pool.Return(address, capacity);

    internal override void CountForgotten() => pool.CountForgotten();

    private Storage Allocate(long bytes, bool lasting)
    {
        var (address, capacity) = pool.Rent(bytes, lasting);
        return new Storage(this, address, bytes, capacity);
    }
}
