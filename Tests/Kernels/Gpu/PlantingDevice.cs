using Diffract.Engine;
using Diffract.Engine.Cuda;

namespace Diffract.Tests.Kernels.Gpu;

/// <summary>A simulated GPU that runs kernels with a fault in their text.</summary>
/// <param name="sim">Where tensors are.</param>
/// <param name="plant">Puts the fault into a text.</param>
/// <param name="names">Kernels that have the fault.</param>
internal sealed class PlantingDevice(SimDevice sim, Func<string, string> plant, params IReadOnlyList<string> names)
    : GpuDevice("planting")
{
    /// <summary>Where tensors are.</summary>
    public SimDevice Sim => sim;

    /// <summary>True when there was something to change.</summary>
    public bool HasChanged { get; private set; }

    public override int Architecture => sim.Architecture;

    public override MemoryStatistics Memory => sim.Memory;

    public override void ResetPeak() => sim.ResetPeak();

    public override Storage Allocate(long bytes) => new(this, sim.Allocate(bytes).Address, bytes, bytes);

    public override void Trim() { }

    public override void Synchronize() { }

    internal override void Upload(nint address, ReadOnlySpan<byte> source) => sim.Upload(address, source);

    internal override void Download(nint address, Span<byte> target) => sim.Download(address, target);

    internal override void Copy(nint source, nint target, long bytes) => sim.Copy(source, target, bytes);

    internal override void Free(nint address, long capacity) => sim.Free(address, capacity);

    internal override void CountForgotten() { }

    internal override byte[] Encode(TensorMap map) => sim.Encode(map);

    internal override void Launch(
        IGpuKernel kernel, GpuSize size, ReadOnlySpan<byte> arguments, ReadOnlySpan<int> places)
    {
        if (names.Contains(kernel.Name))
        {
            var program = kernel.For(Architecture);
            var planted = new Planted(kernel, new GpuProgram(program.Entry, plant(program.Text)));
            HasChanged |= planted.Program.Text != program.Text;
            kernel = planted;
        }
        sim.Launch(kernel, size, arguments, places);
    }

    private sealed class Planted(IGpuKernel kernel, GpuProgram program) : IGpuKernel
    {
        public GpuProgram Program => program;

        public string Name => kernel.Name;

        public int Threads => kernel.Threads;

        public int SharedFor(int architecture) => kernel.SharedFor(architecture);

        public GpuProgram For(int architecture, KernelCache? cache = null) => program;
    }
}
