using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>What this machine can calculate on, as a table.</summary>
public static class DeviceTable
{
    /// <summary>Header and one line a device.</summary>
    public static IEnumerable<string> Lines()
    {
        string[] header = ["device", "processor", "threads", "vectors", "fused multiply-add", "memory"];
        string[] cpu =
        [
            Device.Cpu.Name, Processor(), $"{Device.Cpu.Threads}", $"{VectorBits} bits", HasFma ? "yes" : "no",
            Units.Bytes(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes),
        ];
        return Columns.Align([header, cpu]);
    }

    /// <summary>Bits of the widest vector that the kernels of this process use, or of a single float.</summary>
    public static int VectorBits => Vector512.IsHardwareAccelerated ? 512
        : Vector256.IsHardwareAccelerated ? 256
        : Vector128.IsHardwareAccelerated ? 128 : 32;

    /// <summary>True when a product and a sum take one instruction and one rounding.</summary>
    public static bool HasFma => Fma.IsSupported || AdvSimd.IsSupported;

    /// <summary>The processor's name as the system gives it, else its architecture.</summary>
    public static string Processor()
    {
        const string Info = "/proc/cpuinfo";
        if (OperatingSystem.IsLinux() && File.Exists(Info))
        {
            var line = File.ReadLines(Info).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal));
            if (line?.Split(':', 2) is [_, var name] && name.Trim().Length > 0) return name.Trim();
        }
        return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") is { Length: > 0 } identifier
            ? identifier
            : RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
    }
}
