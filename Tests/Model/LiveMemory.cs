using Diffract.Engine;

namespace Diffract.Tests;

/// <summary>What is allocated on the CPU now, without what earlier tests forgot and the collector has yet to reclaim.
/// </summary>
internal static class LiveMemory
{
    public static long Blocks => Settled().LiveBlocks;

    public static long Bytes => Settled().LiveBytes;

    private static MemoryStatistics Settled()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Device.Cpu.Memory;
    }
}
