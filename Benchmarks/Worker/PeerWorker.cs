using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Diffract.Engine;

namespace Diffract.Benchmarks.Worker;

/// <summary>Answers lines on standard input with one line of JSON each, so that a driver can alternate this program
/// with another library's and compare the times of one run: <c>info</c>, <c>peak</c>, or a case's name and a number of
/// repetitions.
/// <c>dotnet run -c Release --project Benchmarks -- worker [MODE] [CHECKPOINT]</c></summary>
/// <param name="mode">Where and how it calculates.</param>
/// <param name="checkpoint">Of the 256-pixel network, from the verb <c>weights</c>; null to keep its weights in memory.
/// </param>
internal sealed class PeerWorker(WorkerMode mode, string? checkpoint) : IDisposable
{
    private PeerCase? current;
    private string name = "";
    private double[] check = [];
    private long memory;

    public static void Run(WorkerMode mode, string? checkpoint, TextReader input, TextWriter output)
    {
        using var worker = new PeerWorker(mode, checkpoint);
        while (input.ReadLine() is { } line)
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0) continue;
            output.WriteLine(worker.Answer(words).ToJsonString());
            output.Flush();
        }
    }

    public void Dispose() => current?.Dispose();

    private JsonObject Info() => new()
    {
        ["peer"] = "diffract",
        ["version"] = typeof(Tensor).Assembly.GetName().Version?.ToString(),
        ["threads"] = Environment.ProcessorCount,
        ["device"] = $"{mode.Device}",
        ["tolerance"] = mode.Tolerance,
    };

    private JsonObject Answer(string[] words) => words switch
    {
        ["info"] => Info(),
        ["peak"] when mode.Device is not CpuDevice => [],
        ["peak"] => new() { ["gflops"] = FmaPeak.Measure(Environment.ProcessorCount) },
        _ when name == words[0] || Prepare(words[0]) => Measure(words.Length > 1
            ? int.Parse(words[1], CultureInfo.InvariantCulture)
            : 1),
        _ => new() { ["error"] = $"there is no case '{words[0]}'" },
    };

    private bool Prepare(string wanted)
    {
        current?.Dispose();
        (name, current) = ("", PeerCase.Find(wanted, mode, checkpoint));
        if (current is null) return false;
        if (mode.Device is CudaDevice gpu) gpu.ResetPeak();
        using var half = mode.Section();
        (name, check, memory) = (wanted, current.Check(), PeakMemory());
        return true;
    }

    private JsonObject Measure(int repetitions)
    {
        var (wall, cpu) = (new JsonArray(), new JsonArray());
        using var half = mode.Section();
        if (mode.Device is CudaDevice gpu && repetitions > 0)
        {
            // Queued one behind the other, as a program does: the device's clock, and every call has its share.
            var before = Environment.CpuUsage.TotalTime;
            var seconds = gpu.Time(() =>
            {
                for (var i = 0; i < repetitions; i++) current!.Run();
            }) / 1e3 / repetitions;
            for (var i = 0; i < repetitions; i++)
            {
                wall.Add(seconds);
                cpu.Add((Environment.CpuUsage.TotalTime - before).TotalSeconds / repetitions);
            }
        }
        else
        {
            for (var i = 0; i < repetitions; i++)
            {
                var (watch, before) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
                current!.Run();
                wall.Add(watch.Elapsed.TotalSeconds);
                cpu.Add((Environment.CpuUsage.TotalTime - before).TotalSeconds);
            }
        }
        return new()
        {
            ["case"] = name,
            ["s"] = wall,
            ["cpu"] = cpu,
            ["check"] = new JsonArray([.. check.Select(value => (JsonNode)value)]),
            ["hwm"] = repetitions > 0 ? PeakMemory() : memory,
        };
    }

    private long PeakMemory()
    {
        if (mode.Device is CudaDevice gpu) return gpu.Memory.PeakBytes;
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
