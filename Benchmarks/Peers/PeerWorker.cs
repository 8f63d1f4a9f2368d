using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Diffract.Engine;

namespace Diffract.Benchmarks.Peers;

/// <summary>Answers lines on standard input with one line of JSON each, so that a driver can alternate this program
/// with another library's and compare the times of one run: <c>info</c>, <c>rss</c>, or a case's name and a number of
/// repetitions.
/// <c>dotnet run -c Release --project Benchmarks -- worker</c></summary>
internal static class PeerWorker
{
    public static void Run(TextReader input, TextWriter output)
    {
        PeerCase? current = null;
        while (input.ReadLine() is { } line)
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0) continue;
            output.WriteLine((words[0] switch
            {
                "info" => Info(),
                "rss" => new JsonObject { ["hwm"] = PeakMemory() },
                _ => Measure(words, ref current),
            }).ToJsonString());
            output.Flush();
        }
        current?.Dispose();
    }

    private static JsonObject Info() => new()
    {
        ["peer"] = "diffract",
        ["version"] = typeof(Tensor).Assembly.GetName().Version?.ToString(),
        ["threads"] = Environment.ProcessorCount,
    };

    private static JsonObject Measure(string[] words, ref PeerCase? current)
    {
        if (current?.Name != words[0])
        {
            current?.Dispose();
            current = PeerCase.Find(words[0]);
            if (current is null) return new() { ["error"] = $"there is no case {words[0]}" };
            current.Run();
        }
        var (wall, cpu) = (new JsonArray(), new JsonArray());
        var repetitions = words.Length > 1 ? int.Parse(words[1], CultureInfo.InvariantCulture) : 1;
        for (var i = 0; i < repetitions; i++)
        {
            var (watch, before) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
            current.Run();
            wall.Add(watch.Elapsed.TotalSeconds);
            cpu.Add((Environment.CpuUsage.TotalTime - before).TotalSeconds);
        }
        return new() { ["case"] = words[0], ["s"] = wall, ["cpu"] = cpu, ["hwm"] = PeakMemory() };
    }

    private static long PeakMemory()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
