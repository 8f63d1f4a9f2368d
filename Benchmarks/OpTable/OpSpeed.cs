using System.Diagnostics;
using Diffract.Autograd;
using Diffract.Cases;
using Diffract.Engine;

namespace Diffract.Benchmarks;

/// <summary>Times the op table's rows of network size and prints bytes and operations a second: the best of many runs,
/// because whatever else the machine does only adds.
/// <c>dotnet run -c Release --project Benchmarks -- ops [text in the row's name]</c></summary>
internal static class OpSpeed
{
    private const int LeastRuns = 5;
    private static readonly TimeSpan perRow = TimeSpan.FromSeconds(0.5);

    public static void Run(string filter)
    {
        Console.WriteLine($"{"row",-78}{"ms",9}{"GB/s",8}{"GFLOP/s",10}");
        foreach (var row in Cases.OpTable.Network)
            if (row.ToString().Contains(filter, StringComparison.OrdinalIgnoreCase)) Print(row);
    }

    private static void Print(OpCase row)
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var inputs = row.Make(DType.Float32, Layout.Dense, Device.Cpu);
        var (best, bytes) = (double.PositiveInfinity, 0.0);
        var whole = Stopwatch.StartNew();
        for (var run = 0; run < LeastRuns || whole.Elapsed < perRow; run++)
        {
            using var inner = Scope.Open();
            var watch = Stopwatch.StartNew();
            var y = row.Run(inputs);
            best = Math.Min(best, watch.Elapsed.TotalSeconds);
            bytes = row.BytesWith(y);
        }
        Console.WriteLine($"{row,-78}{best * 1e3,9:0.000}{bytes / best / 1e9,8:0.0}"
            + (row.Flops > 0 ? $"{row.Flops / best / 1e9,10:0.0}" : ""));
    }
}
