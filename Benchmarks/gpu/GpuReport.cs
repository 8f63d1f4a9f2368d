using System.Diagnostics;
using System.Text.Json.Nodes;
using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Benchmarks.Gpu;

/// <summary>What the device is, and what its driver costs: microseconds of a launch, alone and in a recording, and of a
/// wait.</summary>
internal static class GpuReport
{
    private const int Launches = 1000;

    public static void Write(Device device, TextWriter output)
    {
        var report = new JsonObject { ["device"] = device.Name };
        if (device is CudaDevice gpu) Describe(gpu, report);
        using var no = GradMode.No();
        var watch = Stopwatch.StartNew();
        using var x = Tensor.From(new float[1024], [1024]).To(device);
        x.Silu().Dispose();
        device.Synchronize();
        report["first_kernel_s"] = watch.Elapsed.TotalSeconds;
        report["process_to_first_kernel_s"] = (DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds;
        report["launch_us"] = Median(() => Many(x)) * 1e6 / Launches;
        report["wait_us"] = Median(device.Synchronize) * 1e6;
        using var recording = device.Record(() => Many(x));
        if (recording is not null)
            report["recorded_launch_us"] = Median(() =>
            {
                recording.Replay();
                device.Synchronize();
            }) * 1e6 / Launches;
        output.WriteLine(report.ToJsonString());

        static void Many(Tensor x)
        {
            for (var i = 0; i < Launches; i++) x.Silu().Dispose();
        }

        double Median(Action body)
        {
            var times = new List<double>();
            for (var i = 0; i < 11; i++)
            {
                device.Synchronize();
                var start = Stopwatch.GetTimestamp();
                body();
                times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
            return times.Order().ElementAt(times.Count / 2);
        }
    }

    /// <summary>Writes what trials have chosen: the tile by problem.</summary>
    public static void WriteTuned(Device device, TextWriter output)
    {
        var tuned = (device as CudaDevice)?.Tuned ?? new Dictionary<string, string>();
        output.WriteLine(new JsonObject
        {
            // Behind the tile stands the build.
            ["tuned"] = new JsonObject(tuned.OrderBy(t => t.Key, StringComparer.Ordinal)
                .Select(t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value.Split(' ')[0]))),
        }.ToJsonString());
    }

    private static void Describe(CudaDevice gpu, JsonObject report)
    {
        report["model"] = gpu.Model;
        report["memory_bytes"] = gpu.TotalMemory;
        report["compute_capability"] = $"{gpu.Architecture / 10}.{gpu.Architecture % 10}";
        report["multiprocessors"] = gpu.Multiprocessors;
        report["shared_bytes"] = gpu.LargestShared;
        report["driver"] = gpu.DriverVersion;
    }
}
