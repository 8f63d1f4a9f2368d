using Diffract.Engine.Cuda;
using Diffract.Engine.Sim;

namespace Diffract.Engine;

/// <summary>A kernel as a GPU's driver takes it: PTX text with one entry point. A device loads it at its first launch
/// and finds it again by this object.</summary>
/// <param name="entry">Name of the entry point.</param>
/// <param name="text">The module's text.</param>
internal sealed class GpuProgram(string entry, string text)
{
    private readonly Lazy<SimProgram> simulated = new(() => SimProgram.Load(text));

    /// <summary>Name of the entry point.</summary>
    public string Entry { get; } = entry;

    /// <summary>The module's text.</summary>
    public string Text { get; } = text;

    /// <summary>What the simulated device makes of it; read once, however many devices run it.</summary>
    public SimProgram Simulated => simulated.Value;
}

/// <summary>A kernel for whatever architecture a device has.</summary>
internal interface IGpuKernel
{
    /// <summary>What people call it: where it stands and what it does, <c>GroupNorm.SampleFactors</c>.</summary>
    string Name { get; }

    /// <summary>Threads of a block.</summary>
    int Threads { get; }

    /// <summary>Bytes of shared memory that a launch asks for beyond what the text declares.</summary>
    int SharedFor(int architecture);

    /// <summary>Its text for an architecture, ten times the compute capability; the same object every time.</summary>
    /// <param name="architecture">The architecture.</param>
    /// <param name="cache">Where a text that takes long to make is looked for, and kept; null for nowhere.</param>
    GpuProgram For(int architecture, KernelCache? cache = null);
}

/// <summary>How many threads a launch has.</summary>
/// <param name="Grid">Blocks along each axis.</param>
/// <param name="Block">Threads of a block along each axis.</param>
/// <param name="DynamicShared">Bytes of shared memory beyond what the text declares.</param>
internal readonly record struct GpuSize(
    (int X, int Y, int Z) Grid, (int X, int Y, int Z) Block, int DynamicShared = 0);
