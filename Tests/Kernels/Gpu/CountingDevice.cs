using Diffract.Engine;

namespace Diffract.Tests.Kernels.Gpu;

/// <summary>A GPU that only counts what it is asked to run: its memory is zeros.</summary>
internal sealed class CountingDevice() : GpuDevice("counting")
{
    private readonly List<string> launches = [];
    private long next = 1 << 20;

    /// <summary>The launches in order, by room and method.</summary>
    public IReadOnlyList<string> Launches => launches;

    /// <summary>How often something was copied to it.</summary>
    public int Uploads { get; private set; }

    public override int Architecture => 80;

    public override MemoryStatistics Memory => default;

    public override void ResetPeak() { }

    /// <summary>How often kernels of a room were launched.</summary>
    public int Count(string room) => launches.Count(l => l.StartsWith(room + ".", StringComparison.Ordinal));

    // Addresses that nobody follows, each its own; multiples of 256, as a GPU's are.
    public override Storage Allocate(long bytes)
    {
        var address = next;
        next += (bytes + 255) / 256 * 256;
        return new(this, (nint)address, bytes, bytes);
    }

    public override void Trim() { }

    public override void Synchronize() { }

    internal override void Upload(nint address, ReadOnlySpan<byte> source) => Uploads++;

    internal override void Download(nint address, Span<byte> target) => target.Clear();

    internal override void Copy(nint source, nint target, long bytes) { }

    internal override void Free(nint address, long capacity) { }

    internal override void CountForgotten() { }

    internal override byte[] Encode(TensorMap map) => new byte[128];

    internal override void Launch(
        IGpuKernel kernel, GpuSize size, ReadOnlySpan<byte> arguments, ReadOnlySpan<int> places) =>
        launches.Add(kernel.Name);
}
