namespace Diffract.Engine.Sim;

/// <summary>One launch of a kernel.</summary>
/// <param name="Size">How many threads.</param>
/// <param name="Arguments">The parameters, laid out as the text says.</param>
/// <param name="Memory">Global memory.</param>
internal sealed record SimLaunch(GpuSize Size, byte[] Arguments, SimMemory Memory);
