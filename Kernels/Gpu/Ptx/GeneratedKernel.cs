using System.Collections.Concurrent;
using Diffract.Engine;
using Diffract.Engine.Cuda;

namespace Diffract.Kernels;

/// <summary>A kernel whose PTX a method in C# writes with a <see cref="PtxWriter"/>: for instructions that ILGPU does
/// not know, and for loops that must be unrolled. It is written when a device first launches it, once for an
/// architecture.</summary>
internal sealed class GeneratedKernel : IGpuKernel
{
    private readonly ConcurrentDictionary<int, (GpuProgram Program, int Shared)> programs = new();
    private readonly Func<int, PtxWriter> write;

    /// <summary>A kernel.</summary>
    /// <param name="name">What people call it: room and kernel, <c>Mma.Product</c>.</param>
    /// <param name="threads">Threads of a block.</param>
    /// <param name="write">Writes it for an architecture (ten times the compute capability).</param>
    public GeneratedKernel(string name, int threads, Func<int, PtxWriter> write) =>
        (Name, Threads, this.write) = (name, threads, write);

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Threads { get; }

    /// <inheritdoc/>
    public GpuProgram For(int architecture, KernelCache? cache = null) => Written(architecture).Program;

    /// <inheritdoc/>
    public int SharedFor(int architecture) => Written(architecture).Shared;

    /// <summary>Queues a grid of blocks.</summary>
    public void Launch(GpuDevice device, (int X, int Y, int Z) grid, GpuArguments arguments)
    {
        if (grid.X == 0 || grid.Y == 0 || grid.Z == 0) return;
        device.Launch(this, new GpuSize(grid, (Threads, 1, 1), SharedFor(device.Architecture)), arguments.Bytes,
            arguments.Places);
    }

    /// <summary>Queues as many threads as there are items, in whole blocks: a thread beyond them must find out.
    /// </summary>
    public void LaunchFor(GpuDevice device, long items, GpuArguments arguments) =>
        Launch(device, (checked((int)((items + Threads - 1) / Threads)), 1, 1), arguments);

    private (GpuProgram Program, int Shared) Written(int architecture) => programs.GetOrAdd(architecture, a =>
    {
        var writer = write(a);
        if (writer.Threads != Threads) throw new InvalidOperationException($"{Name} is written for other threads");
        return (new GpuProgram(writer.Entry, writer.Text()), writer.SharedBytes);
    });
}
