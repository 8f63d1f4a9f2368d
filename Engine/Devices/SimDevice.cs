using Diffract.Engine.Sim;

namespace Diffract.Engine;

/// <summary>No GPU: the kernels' PTX, to the letter what a driver would be given, runs in an interpreter. It reports
/// reads and writes out of bounds, misaligned accesses, reads of what nothing has written, races between warps and
/// between blocks, and instructions that a part of a warp reaches alone. Slow, and exact: kernels are proven on it
/// before they meet a GPU.</summary>
public sealed class SimDevice : GpuDevice
{
    private readonly Lock gate = new();
    private readonly SimMemory memory = new();
    private long liveBytes, peakBytes, liveBlocks, forgotten;

    /// <summary>A simulated GPU.</summary>
    /// <param name="architecture">Ten times the compute capability, which kernels are compiled for.</param>
    public SimDevice(int architecture = 80) : base("sim") => Architecture = architecture;

    /// <inheritdoc/>
    public override int Architecture { get; }

    /// <inheritdoc/>
    public override MemoryStatistics Memory
    {
        get
        {
            lock (gate) return new(liveBytes, peakBytes, 0, liveBlocks, Volatile.Read(ref forgotten));
        }
    }

    /// <inheritdoc/>
    public override void ResetPeak()
    {
        lock (gate) peakBytes = liveBytes;
    }

    /// <inheritdoc/>
    public override Storage Allocate(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        // Every byte has a shadow, and arrays have an end.
        if (bytes > Array.MaxLength)
            throw new OutOfDeviceMemoryException($"sim: {bytes / 1048576.0:0.##} MiB is more than the simulated device "
                + "gives at once. Use a smaller network or batch.");
        lock (gate)
        {
            liveBytes += bytes;
            peakBytes = Math.Max(peakBytes, liveBytes);
            liveBlocks++;
            return new Storage(this, memory.Allocate(bytes), bytes, bytes);
        }
    }

    /// <summary>Nothing is kept: returns at once.</summary>
    public override void Trim() { }

    /// <summary>Nothing is queued: returns at once.</summary>
    public override void Synchronize() { }

    internal override void Free(nint address, long capacity)
    {
        lock (gate)
        {
            memory.Free(address);
            liveBytes -= capacity;
            liveBlocks--;
        }
    }

    internal override void CountForgotten() => Interlocked.Increment(ref forgotten);

    internal override void Upload(nint address, ReadOnlySpan<byte> source)
    {
        lock (gate) memory.Write(address, source);
    }

    internal override void Download(nint address, Span<byte> target)
    {
        lock (gate) memory.Read(address, target);
    }

    internal override void Copy(nint source, nint target, long bytes)
    {
        lock (gate) memory.Copy(source, target, bytes);
    }

    internal override void Launch(
        IGpuKernel kernel, GpuSize size, ReadOnlySpan<byte> arguments, ReadOnlySpan<int> places)
    {
        Cancellation.Current.ThrowIfCancellationRequested();
        lock (gate)
            SimMachine.Run(kernel.For(Architecture).Simulated, new SimLaunch(size, arguments.ToArray(), memory));
    }

    internal override byte[] Encode(TensorMap map) => Architecture >= 90
        ? SimTensorMap.Encode(map)
        : throw new DiffractException($"{Name} has compute capability {Architecture / 10.0:0.0}; tensor maps need 9.0");
}
