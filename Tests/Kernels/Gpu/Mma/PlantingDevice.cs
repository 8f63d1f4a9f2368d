using Diffract.Engine;

namespace Diffract.Tests.Kernels.Gpu.Mma;

/// <summary>A simulated GPU that runs kernels with a fault in their text.</summary>
/// <param name="sim">Where tensors are.</param>
/// <param name="plant">Puts the fault into a text.</param>
internal sealed class PlantingDevice(SimDevice sim, Func<string, string> plant) : GpuDevice("planting")
{
    /// <summary>Where tensors are.</summary>
    public SimDevice Sim => sim;

    public override int Architecture => sim.Architecture;

    public override MemoryStatistics Memory => sim.Memory;

    public override Storage Allocate(long bytes) => sim.Allocate(bytes);

    public override void Trim() { }

    public override void Synchronize() { }

    internal override void Upload(nint address, ReadOnlySpan<byte> source) => sim.Upload(address, source);

    internal override void Download(nint address, Span<byte> target) => sim.Download(address, target);

    internal override void Copy(nint source, nint target, long bytes) => sim.Copy(source, target, bytes);

    internal override void Free(nint address, long capacity) => sim.Free(address, capacity);

    internal override void CountForgotten() { }

    internal override byte[] Encode(TensorMap map) => sim.Encode(map);

    internal override void Launch(
        IGpuKernel kernel, GpuSize size, ReadOnlySpan<byte> arguments, ReadOnlySpan<int> places) =>
        sim.Launch(kernel.Name is "Mma.Product" or "Hopper.Product" ? new Planted(kernel, plant) : kernel, size, arguments, places);

    private sealed class Planted(IGpuKernel kernel, Func<string, string> plant) : IGpuKernel
    {
        public string Name => kernel.Name;

        public int Threads => kernel.Threads;

        public int SharedFor(int architecture) => kernel.SharedFor(architecture);

        public GpuProgram For(int architecture) =>
            new(kernel.For(architecture).Entry, plant(kernel.For(architecture).Text));
    }
}
