using Diffract.Engine;

namespace Diffract.Tests.Kernels.Gpu;

/// <summary>A GPU that only notes which kernels it is asked to run: its memory is zeros.</summary>
internal sealed class RecordingDevice() : GpuDevice("recording")
{
    private readonly HashSet<IGpuKernel> kernels = [];

    /// <summary>What was launched.</summary>
    public IReadOnlyCollection<IGpuKernel> Kernels => kernels;

    public override int Architecture => 80;

    public override MemoryStatistics Memory => default;

    public override void ResetPeak() { }

    // Addresses that nobody follows; multiples of 256, as a GPU's are.
    public override Storage Allocate(long bytes) => new(this, 1 << 20, bytes, bytes);

    public override void Trim() { }

    public override void Synchronize() { }

    internal override void Upload(nint address, ReadOnlySpan<byte> source) { }

    internal override void Download(nint address, Span<byte> target) => target.Clear();

    internal override void Copy(nint source, nint target, long bytes) { }

    internal override void Free(nint address, long capacity) { }

    internal override void CountForgotten() { }

    internal override void Launch(
        IGpuKernel kernel, GpuSize size, ReadOnlySpan<byte> arguments, ReadOnlySpan<int> places)
    {
        lock (kernels) kernels.Add(kernel);
    }

    internal override byte[] Encode(TensorMap map) => new byte[TensorMap.Bytes];
}
