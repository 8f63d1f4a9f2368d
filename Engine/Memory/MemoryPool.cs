using System.Runtime.InteropServices;

namespace Diffract.Engine;

/// <summary>Native memory in size classes. A returned block is kept for the next request of its class: fresh pages
/// cost more than most kernels that fill them.</summary>
internal sealed unsafe class MemoryPool
{
    private const int Alignment = 64;
    private const long FirstCollection = 1L << 30;

    private readonly Lock gate = new();
    private readonly Dictionary<long, Stack<nint>> free = [];
    private readonly Dictionary<long, long> live = [];
    private long liveBytes, peakBytes, cachedBytes, liveBlocks, forgotten;
    private long collectAt = FirstCollection;

    public MemoryStatistics Statistics
    {
        get
        {
            lock (gate)
                return new MemoryStatistics(liveBytes, peakBytes, cachedBytes, liveBlocks, Volatile.Read(ref forgotten));
        }
    }

    public void ResetPeak()
    {
        lock (gate) peakBytes = liveBytes;
    }

    public void CountForgotten() => Interlocked.Increment(ref forgotten);

    /// <summary>The size a request is rounded up to: eight classes a doubling, so at most 1/8 is wasted.</summary>
    internal static long Capacity(long bytes)
    {
        if (bytes <= 512) return Math.Max(Alignment, (bytes + Alignment - 1) / Alignment * Alignment);
        var step = 1L << (BitOperationsLog2(bytes - 1) - 3);
        return (bytes + step - 1) / step * step;
    }

    public (nint Address, long Capacity) Rent(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (bytes > long.MaxValue / 2) throw OutOfMemory(bytes);
        var capacity = Capacity(bytes);
        CollectWhatWasForgotten(capacity);
        var address = TryRent(capacity);
        if (address == 0)
        {
            Trim();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Trim();
            address = TryRent(capacity);
        }
        return address != 0 ? (address, capacity) : throw OutOfMemory(bytes);
    }

    public void Return(nint address, long capacity)
    {
        lock (gate)
        {
            if (!free.TryGetValue(capacity, out var stack)) free[capacity] = stack = [];
            stack.Push(address);
            liveBytes -= capacity;
            cachedBytes += capacity;
            liveBlocks--;
            live[capacity]--;
        }
    }

    public void Trim()
    {
        lock (gate)
        {
            foreach (var stack in free.Values) while (stack.TryPop(out var address)) NativeMemory.AlignedFree((void*)address);
            cachedBytes = 0;
        }
    }

    private nint TryRent(long capacity)
    {
        lock (gate)
        {
            nint address;
            if (free.TryGetValue(capacity, out var stack) && stack.TryPop(out address)) cachedBytes -= capacity;
            else
            {
                try
                {
                    address = (nint)NativeMemory.AlignedAlloc((nuint)capacity, Alignment);
                }
                catch (OutOfMemoryException)
                {
                    return 0;
                }
            }
            liveBytes += capacity;
            peakBytes = Math.Max(peakBytes, liveBytes);
            liveBlocks++;
            live[capacity] = live.GetValueOrDefault(capacity) + 1;
            return address;
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
