using Diffract.Engine;
using Diffract.Engine.Sim;

namespace Diffract.Tests.Kernels.Gpu;

/// <summary>The simulated device, but it runs other programs in the place of some kernels, and notes which kernels it
/// is asked for. One thread at a time.</summary>
internal sealed class RewritingDevice() : GpuDevice("rewriting")
{
    // Test cases are small: a block that takes so many turns does not end.
    private const int MostTurns = 400;

    private readonly SimMemory memory = new();
    private readonly List<IGpuKernel> kernels = [];

    /// <summary>What was launched, in the order of the first launches.</summary>
    public IReadOnlyList<IGpuKernel> Kernels => kernels;

    /// <summary>The kernel that another program runs for, and that program.</summary>
    public (IGpuKernel Kernel, SimProgram Program)? Replacement { get; set; }

    public override int Architecture => 80;

    public override MemoryStatistics Memory => default;

    public override void ResetPeak() { }

    public override Storage Allocate(long bytes) => new(this, memory.Allocate(bytes), bytes, bytes);

    public override void Trim() { }

    public override void Synchronize() { }

    internal override void Upload(nint address, ReadOnlySpan<byte> source) => memory.Write(address, source);

    internal override void Download(nint address, Span<byte> target) => memory.Read(address, target);

    internal override void Copy(nint source, nint target, long bytes) => memory.Copy(source, target, bytes);

    // What is freed while an error is under way may be freed again by the garbage collector's thread: memory stays.
    internal override void Free(nint address, long capacity) { }

    internal override void CountForgotten() { }

    internal override byte[] Encode(TensorMap map) => SimTensorMap.Encode(map);

    internal override void Launch(
        IGpuKernel kernel, GpuSize size, ReadOnlySpan<byte> arguments, ReadOnlySpan<int> places)
    {
        if (!kernels.Contains(kernel)) kernels.Add(kernel);
        var program = Replacement is { } r && r.Kernel == kernel ? r.Program : kernel.For(Architecture).Simulated;
        SimMachine.Run(program, new SimLaunch(size, arguments.ToArray(), memory) { MostTurns = MostTurns });
    }
}
