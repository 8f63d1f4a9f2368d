using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Diffract.Peers;

/// <summary>Answers lines on standard input as <c>bench.py</c> asks them.</summary>
/// <param name="info">What this library is.</param>
/// <param name="find">Prepares a case; null when there is no such case.</param>
internal sealed class Worker(JsonObject info, Func<string, IPeerCase?> find) : IDisposable
{
    private IPeerCase? current;
    private string name = "";
    private double[] check = [];
    private long memory;

    /// <summary>Threads that a library may use: <c>PEER_THREADS</c>, or as many as there are cores.</summary>
    public static int Threads =>
        int.TryParse(Environment.GetEnvironmentVariable("PEER_THREADS"), CultureInfo.InvariantCulture, out var threads)
            ? threads
            : Environment.ProcessorCount;

    /// <summary>Answers until the input ends.</summary>
    public void Run()
    {
        while (Console.ReadLine() is { } line)
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 0) Console.WriteLine(Answer(words).ToJsonString());
        }
    }

    /// <inheritdoc/>
    public void Dispose() => current?.Dispose();

    private JsonObject Answer(string[] words)
    {
        if (words[0] == "info") return info;
        if (name != words[0] && !Prepare(words[0])) return new() { ["error"] = $"there is no case '{words[0]}'" };
        return Measure(words.Length > 1 ? int.Parse(words[1], CultureInfo.InvariantCulture) : 1);
    }

    private bool Prepare(string wanted)
    {
        current?.Dispose();
        (name, current) = ("", find(wanted));
        if (current is null) return false;
        (name, check, memory) = (wanted, current.Check(), PeakMemory());
        return true;
    }

    private JsonObject Measure(int repetitions)
    {
        var (wall, cpu) = (new JsonArray(), new JsonArray());
        for (var i = 0; i < repetitions; i++)
        {
            var (watch, before) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
            current!.Run();
            wall.Add(watch.Elapsed.TotalSeconds);
            cpu.Add((Environment.CpuUsage.TotalTime - before).TotalSeconds);
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

    private static long PeakMemory()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
