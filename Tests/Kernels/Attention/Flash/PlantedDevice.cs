using Diffract.Engine;
using Diffract.Engine.Sim;

namespace Diffract.Tests.Kernels.Flash;

/// <summary>A simulated GPU that changes the text of one kernel before it runs it: what a mistake in it would do.
/// </summary>
/// <param name="kernel">Which kernel.</param>
/// <param name="plant">The change.</param>
internal sealed class PlantedDevice(string kernel, Func<string, string> plant) : GpuDevice("planted")
{
    private readonly SimMemory memory = new();

    /// <summary>True when there was something to change.</summary>
    public bool HasChanged { get; private set; }

    public override int Architecture => 80;

    public override MemoryStatistics Memory => default;

    public override Storage Allocate(long bytes) => new(this, memory.Allocate(bytes), bytes, bytes);

    public override void Trim() { }

    public override void Synchronize() { }

    internal override void Upload(nint address, ReadOnlySpan<byte> source) => memory.Write(address, source);

    internal override void Download(nint address, Span<byte> target) => memory.Read(address, target);

    internal override void Free(nint address, long capacity) => memory.Free(address);

    internal override void CountForgotten() { }

    internal override void Launch(
        IGpuKernel launched, GpuSize size, ReadOnlySpan<byte> arguments, ReadOnlySpan<int> places)
    {
        var program = launched.For(Architecture);
        var text = launched.Name == kernel ? plant(program.Text) : program.Text;
        HasChanged |= text != program.Text;
        SimMachine.Run(text == program.Text ? program.Simulated : SimProgram.Load(text),
            new SimLaunch(size, arguments.ToArray(), memory));
    }
}
