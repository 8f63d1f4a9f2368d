namespace Diffract.Engine.Sim;

/// <summary>One launch of a kernel.</summary>
/// <param name="Grid">Blocks along each axis.</param>
/// <param name="Block">Threads of a block along each axis.</param>
/// <param name="DynamicShared">Bytes of shared memory beyond what the text declares.</param>
/// <param name="Arguments">The parameters, laid out as the text says.</param>
/// <param name="Memory">Global memory.</param>
internal sealed record SimLaunch(
    (int X, int Y, int Z) Grid, (int X, int Y, int Z) Block, int DynamicShared, byte[] Arguments, SimMemory Memory);
