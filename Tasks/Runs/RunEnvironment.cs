using System.Reflection;
using System.Runtime.InteropServices;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>What a run ran on and with: needed to repeat it, and to understand its speed.</summary>
/// <param name="Program">Version of this program, with the commit when the build knew it.</param>
/// <param name="CommandLine">The command that started the run.</param>
/// <param name="Started">When, with the offset from UTC.</param>
/// <param name="Machine">The machine's name.</param>
/// <param name="System">Operating system.</param>
/// <param name="Runtime">Version of .NET.</param>
/// <param name="Processor">The processor's name.</param>
/// <param name="Cores">Processors that the process may use.</param>
/// <param name="Threads">Threads that calculate.</param>
/// <param name="VectorBits">Bits of the widest vectors in use.</param>
/// <param name="MemoryBytes">Memory that the process may use.</param>
/// <param name="Device">Where it calculated; empty in what older versions wrote.</param>
public sealed record RunEnvironment(
    string Program,
    string CommandLine,
    DateTimeOffset Started,
    string Machine,
    string System,
    string Runtime,
    string Processor,
    int Cores,
    int Threads,
    int VectorBits,
    long MemoryBytes,
    string Device = "")
{
    /// <summary>The environment of this process, now.</summary>
    /// <param name="commandLine">The command as its user typed it.</param>
    /// <param name="device">Where the run calculates.</param>
    public static RunEnvironment Now(string commandLine, Engine.Device device) => new(
        ProgramVersion,
        commandLine,
        DateTimeOffset.Now,
        Environment.MachineName,
        RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription,
        DeviceTable.Processor(),
        Environment.ProcessorCount,
        device is CpuDevice cpu ? cpu.Threads : 1,
        DeviceTable.VectorBits,
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        DeviceTable.Describe(device));

    /// <summary>Version of this program, with the commit when the build knew it.</summary>
    public static string ProgramVersion =>
        typeof(RunEnvironment).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion ?? "unknown";
}
