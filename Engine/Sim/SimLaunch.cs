namespace Diffract.Engine.Sim;

/// <summary>One launch of a kernel.</summary>
/// <param name="Size">How many threads.</param>
/// <param name="Arguments">The parameters, laid out as the text says.</param>
/// <param name="Memory">Global memory.</param>
internal sealed record SimLaunch(GpuSize Size, byte[] Arguments, SimMemory Memory)
{
    /// <summary>Turns of some thousand instructions that the warps of a block may take together; a kernel that takes
    /// more is taken for one that never ends.</summary>
    public long MostTurns { get; init; } = long.MaxValue;
}
