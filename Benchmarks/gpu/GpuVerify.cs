using System.Text.Json.Nodes;
using Diffract.Benchmarks.Worker;
using Diffract.Tasks;

namespace Diffract.Benchmarks.Gpu;

/// <summary>Runs a folder of golden cases on the device: a line of JSON for each, with its worst error as a share of
/// its tolerance.</summary>
internal static class GpuVerify
{
    public static int Run(WorkerMode mode, string folder, IReadOnlyList<string> globs, TextWriter output)
    {
        using var half = mode.Section();
        var reports = Verification.Run(new VerifyOptions(folder, mode.Device, null, globs), report =>
        {
            if (report.Outcome == CaseOutcome.Skipped) return;
            var line = new JsonObject
            {
                ["case"] = report.Name,
                ["passed"] = report.Outcome == CaseOutcome.Passed,
                ["share"] = report.Worst?.Share,
                ["s"] = report.Seconds,
            };
            if (report.Problems.Count > 0)
                line["problems"] = new JsonArray([.. report.Problems.Take(3).Select(p => (JsonNode)p)]);
            output.WriteLine(line.ToJsonString());
            output.Flush();
        });
        return reports.Any(r => r.Outcome == CaseOutcome.Failed) ? 1 : 0;
    }
}
