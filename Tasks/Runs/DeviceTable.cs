using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>What this machine can calculate on, as a table.</summary>
public static class DeviceTable
{
    /// <summary>Header and one line a device: the CPU, every GPU, the simulated one. Where there is no GPU, a line at
    /// the end says why.</summary>
    /// <param name="gpus">The GPUs of the machine.</param>
    public static IEnumerable<string> Lines(Gpus gpus)
    {
        var rows = new List<string[]>
        {
            new[] { "device", "processor", "memory", "" },
            new[]
            {
                Device.Cpu.Name, Processor(), Units.Bytes(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes),
                $"{Device.Cpu.Threads} threads, vectors of {VectorBits} bits{(HasFma ? ", fused multiply-add" : "")}",
            },
        };
        string? problem = null;
        try
        {
            var count = gpus.Count();
            for (var i = 0; i < count; i++) rows.Add(Gpu(gpus, i));
            if (count == 0) problem = "the driver shows none to this process (CUDA_VISIBLE_DEVICES may hide it)";
        }
        catch (DeviceException e)
        {
            problem = FirstSentence(e.Message);
        }
        var simulated = new SimDevice();
        rows.Add([simulated.Name, "an interpreter of the GPU's kernels", "", $"{Capability(simulated)}, slow"]);
        foreach (var line in Columns.Align(rows)) yield return line;
        if (problem is not null) yield return $"no GPU: {problem}";
    }

    /// <summary>A device in a few words: <c>cuda:0, NVIDIA H200, 139.8 GiB, compute capability 9.0, CUDA driver
    /// 12.4</c>.</summary>
    public static string Describe(Device device) => device switch
    {
        CpuDevice cpu => $"{cpu}, {Processor()}, {cpu.Threads} thread{(cpu.Threads == 1 ? "" : "s")}",
        CudaDevice gpu => $"{gpu}, {gpu.Model}, {Memory(gpu)}, {Capability(gpu)}, CUDA driver {gpu.DriverVersion}",
        GpuDevice simulated => $"{simulated}, {Capability(simulated)}",
        _ => device.Name,
    };

    /// <summary>The first sentence of a message, without its full stop: what is wrong, without what to do.</summary>
    public static string FirstSentence(string message) => message.Split(". ", 2)[0].TrimEnd('.');

    private static string[] Gpu(Gpus gpus, int ordinal)
    {
        try
        {
            using var gpu = gpus.Open(ordinal);
            return [gpu.Name, gpu.Model, Memory(gpu), $"{Capability(gpu)}, {gpu.Multiprocessors} multiprocessors, CUDA "
                + $"driver {gpu.DriverVersion}"];
        }
        catch (DeviceException e)
        {
            return [$"cuda:{ordinal}", "cannot be used", "", FirstSentence(e.Message)];
        }
    }

    private static string Memory(CudaDevice gpu) => $"{gpu.TotalMemory / (double)(1 << 30):0.0} GiB";

    private static string Capability(GpuDevice gpu) =>
        $"compute capability {gpu.Architecture / 10}.{gpu.Architecture % 10}";

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
