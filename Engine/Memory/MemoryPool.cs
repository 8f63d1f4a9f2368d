namespace Diffract.Engine;

/// <summary>A device's memory that is kept when it is returned: fresh pages cost more than most kernels that fill them.
/// Small blocks come in size classes, or are cut from pieces of a few MiB where the source wants that; larger ones are
/// cut from segments, those of a few MiB from other segments than the largest, which they would divide.</summary>
internal sealed class MemoryPool
{
    private const long LargestClass = 1 << 20, LargestMiddle = 8 << 20, SmallPiece = 4 << 20;
    private const long FirstCollection = 1L << 30;

    private readonly Lock gate = new();
    private readonly Dictionary<long, Stack<nint>> free = [];
    private readonly IMemorySource source;
    private readonly Segments middle, large;
    private readonly Segments? small;
    private readonly Dictionary<long, long> live = [];
    private long liveBytes, peakBytes, cachedBytes, liveBlocks, forgotten;
    private long collectAt = FirstCollection;

    /// <summary>An empty pool.</summary>
    public MemoryPool(IMemorySource source)
    {
        this.source = source;
        (middle, large) = (new Segments(source), new Segments(source));
        if (source.CutsSmall) small = new Segments(source, SmallPiece);
    }

    public MemoryStatistics Statistics
    {
        get
        {
            lock (gate)
                return new MemoryStatistics(liveBytes, peakBytes, cachedBytes + middle.FreeBytes + large.FreeBytes
                    + (small?.FreeBytes ?? 0), liveBlocks, Volatile.Read(ref forgotten));
        }
    }

    public void ResetPeak()
    {
        lock (gate) peakBytes = liveBytes;
    }

    /// <summary>Counts bytes that tasks of a loop that has ended may have held at once, whether they did or not: the
    /// peak is the same whatever the timing.</summary>
    public void ReachPeak(long bytes)
    {
        if (TaskMemory.IsInside) TaskMemory.Reach(bytes);
        else lock (gate) peakBytes = Math.Max(peakBytes, liveBytes + bytes);
    }

    public void CountForgotten() => Interlocked.Increment(ref forgotten);

    /// <summary>The size a request is rounded up to. Small ones have eight classes a doubling, so at most 1/8 is
    /// wasted.</summary>
    private long Capacity(long bytes)
    {
        long alignment = source.Alignment;
        if (bytes > LargestClass)
            return (bytes + Segments.Granularity - 1) / Segments.Granularity * Segments.Granularity;
        if (small is not null || bytes <= 512)
            return Math.Max(alignment, (bytes + alignment - 1) / alignment * alignment);
        var step = 1L << (BitOperationsLog2(bytes - 1) - 3);
        return (bytes + step - 1) / step * step;
    }

    /// <summary>A block.</summary>
    /// <param name="bytes">What is needed.</param>
    /// <param name="lasting">True when it will stay much longer than what is made around it.</param>
    public (nint Address, long Capacity) Rent(long bytes, bool lasting = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (bytes > long.MaxValue / 2) throw OutOfMemory(bytes);
        var capacity = Capacity(bytes);
        CollectWhatWasForgotten(capacity);
        var address = TryRent(capacity, lasting);
        if (address == 0)
        {
            Trim();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Trim();
            address = TryRent(capacity, lasting);
        }
        return address != 0 ? (address, capacity) : throw OutOfMemory(bytes);
    }

    public void Return(nint address, long capacity)
    {
        lock (gate)
        {
            if (SegmentsFor(capacity) is { } segments) segments.Return(address);
            else
            {
                if (!free.TryGetValue(capacity, out var stack)) free[capacity] = stack = [];
                stack.Push(address);
                cachedBytes += capacity;
            }
            liveBytes -= capacity;
            if (TaskMemory.IsInside) TaskMemory.Add(-capacity);
            liveBlocks--;
            live[capacity]--;
        }
    }

    public void Trim()
    {
        lock (gate)
        {
            foreach (var stack in free.Values)
                while (stack.TryPop(out var address)) source.Free(address);
            cachedBytes = 0;
            small?.Release();
            middle.Release();
            large.Release();
        }
    }

    private nint TryRent(long capacity, bool lasting)
    {
        lock (gate)
        {
            var address = SegmentsFor(capacity)?.Rent(capacity, lasting && capacity > LargestClass)
                ?? RentClass(capacity);
            if (address == 0) return 0;
            liveBytes += capacity;
            if (TaskMemory.IsInside) TaskMemory.Add(capacity);
            else peakBytes = Math.Max(peakBytes, liveBytes);
            liveBlocks++;
            live[capacity] = live.GetValueOrDefault(capacity) + 1;
            return address;
        }
    }

    private Segments? SegmentsFor(long capacity) =>
        capacity > LargestMiddle ? large : capacity > LargestClass ? middle : small;

    private nint RentClass(long capacity)
    {
        if (free.TryGetValue(capacity, out var stack) && stack.TryPop(out var address))
        {
            cachedBytes -= capacity;
            return address;
        }
        return source.Allocate(capacity);
    }

    // The garbage collector sees a few bytes where we hold megabytes: remind it whenever the live set has doubled.
    private void CollectWhatWasForgotten(long request)
    {
        lock (gate) if (liveBytes + request < collectAt) return;
        GC.Collect();
        GC.WaitForPendingFinalizers();
        lock (gate) collectAt = Math.Max(FirstCollection, 2 * (liveBytes + request));
    }

    private OutOfDeviceMemoryException OutOfMemory(long bytes)
    {
        lock (gate)
        {
            var holders = live.Where(c => c.Value > 0).OrderByDescending(c => c.Key * c.Value).Take(3)
                .Select(c => $"{c.Value} blocks of {c.Key / 1048576.0:0.##} MiB");
            return new OutOfDeviceMemoryException($"{source.Name}: {bytes / 1048576.0:0.##} MiB more cannot be had; "
                + $"{liveBytes / 1048576.0:0.##} MiB are in use, the most by {string.Join(", ", holders)}. "
                + source.Describe() + "Use a smaller batch, or release tensors you no longer need.");
        }
    }

    private static int BitOperationsLog2(long value) => System.Numerics.BitOperations.Log2((ulong)value);
}
