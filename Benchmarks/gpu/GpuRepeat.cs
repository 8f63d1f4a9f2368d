using System.Text.Json.Nodes;
using Diffract.Benchmarks.Worker;
using Diffract.Engine;

namespace Diffract.Benchmarks.Gpu;

/// <summary>Runs a case many times from the start and counts the different results: one, or something races.</summary>
internal static class GpuRepeat
{
    public static int Run(WorkerMode mode, string name, int times, TextWriter output)
    {
        var found = new Dictionary<string, int>();
        using var half = mode.Section();
        PeerCase? work = null;
        for (var i = 0; i < times; i++)
        {
            if (work is { Trains: true })
            {
                work.Dispose();
                work = null;
            }
            work ??= PeerCase.Find(name, mode) ?? throw new DiffractException($"there is no case '{name}'");
            var bits = string.Join(' ', work.Check().Select(value => $"{BitConverter.DoubleToInt64Bits(value):x16}"));
            found[bits] = found.GetValueOrDefault(bits) + 1;
        }
        work?.Dispose();
        output.WriteLine(new JsonObject
        {
            ["case"] = name,
            ["times"] = times,
            ["different"] = found.Count,
        }.ToJsonString());
        return found.Count == 1 ? 0 : 1;
    }
}
