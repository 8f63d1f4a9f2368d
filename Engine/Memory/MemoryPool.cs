using System.Runtime.InteropServices;

namespace Diffract.Engine;

/// <summary>Native memory that is kept when it is returned: fresh pages cost more than most kernels that fill them.
/// Small blocks come in size classes; larger ones are cut from segments, those of a few MiB from other segments than
/// the largest, which they would divide.</summary>
internal sealed unsafe class MemoryPool
{
    private const int Alignment = 64;
    private const long LargestClass = 1 << 20, LargestMiddle = 8 << 20;
    private const long FirstCollection = 1L << 30;

    private readonly Lock gate = new();
    private readonly Dictionary<long, Stack<nint>> free = [];
    private readonly Segments middle = new(), large = new();
    private readonly Dictionary<long, long> live = [];
    private long liveBytes, peakBytes, cachedBytes, liveBlocks, forgotten;
    private long collectAt = FirstCollection;

    public MemoryStatistics Statistics
    {
        get
        {
            lock (gate)
                return new MemoryStatistics(liveBytes, peakBytes, cachedBytes + middle.FreeBytes + large.FreeBytes,
                    liveBlocks, Volatile.Read(ref forgotten));
        }
    }

    public void ResetPeak()
    {
        lock (gate) peakBytes = liveBytes;
    }

    public void CountForgotten() => Interlocked.Increment(ref forgotten);

    /// <summary>The size a request is rounded up to. Small ones have eight classes a doubling, so at most 1/8 is
    /// wasted.</summary>
    internal static long Capacity(long bytes)
    {
        if (bytes > LargestClass)
            return (bytes + Segments.Granularity - 1) / Segments.Granularity * Segments.Granularity;
        if (bytes <= 512) return Math.Max(Alignment, (bytes + Alignment - 1) / Alignment * Alignment);
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
            if (capacity > LargestClass) SegmentsFor(capacity).Return(address);
            else
            {
                if (!free.TryGetValue(capacity, out var stack)) free[capacity] = stack = [];
                stack.Push(address);
                cachedBytes += capacity;
            }
            liveBytes -= capacity;
            liveBlocks--;
            live[capacity]--;
        }
    }

    public void Trim()
    {
        lock (gate)
        {
            foreach (var stack in free.Values)
                while (stack.TryPop(out var address)) NativeMemory.AlignedFree((void*)address);
            cachedBytes = 0;
            middle.Release();
            large.Release();
        }
    }

    private nint TryRent(long capacity, bool lasting)
    {
        lock (gate)
        {
            var address = capacity > LargestClass ? SegmentsFor(capacity).Rent(capacity, lasting) : RentClass(capacity);
            if (address == 0) return 0;
            liveBytes += capacity;
            peakBytes = Math.Max(peakBytes, liveBytes);
            liveBlocks++;
            live[capacity] = live.GetValueOrDefault(capacity) + 1;
            return address;
        }
    }

    private Segments SegmentsFor(long capacity) => capacity > LargestMiddle ? large : middle;

    private nint RentClass(long capacity)
    {
        if (free.TryGetValue(capacity, out var stack) && stack.TryPop(out var address))
        {
            cachedBytes -= capacity;
            return address;
        }
        try
        {
            return (nint)NativeMemory.AlignedAlloc((nuint)capacity, Alignment);
        }
        catch (OutOfMemoryException)
        {
            return 0;
        }
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
            return new OutOfDeviceMemoryException($"cpu: {bytes / 1048576.0:0.##} MiB more cannot be had; "
                + $"{liveBytes / 1048576.0:0.##} MiB are in use, the most by {string.Join(", ", holders)}. "
                + "Use a smaller batch, or release tensors you no longer need.");
        }
    }

    private static int BitOperationsLog2(long value) => System.Numerics.BitOperations.Log2((ulong)value);
}
