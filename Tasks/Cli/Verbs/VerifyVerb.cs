using System.CommandLine;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract verify DIR</c>.</summary>
internal static class VerifyVerb
{
    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var folder = new Argument<string>("DIR") { Description = "The golden folder, with manifest.json in it" };
        var device = new DeviceWords();
        var threads = CommonOptions.Threads();
        var dtype = CommonOptions.Choice("--dtype",
            "The type to calculate in; left out, each fixture's own: float32 for most", "float32", "float64");
        var memory = InferenceWords.Memory();
        var filters = new Option<string[]>("--filter")
        {
            Description = "Only cases whose name matches; *, ?, [abc], {a,b}; can be repeated",
            HelpName = "GLOB",
            DefaultValueFactory = _ => [],
        };
        var json = new Option<string?>("--json") { Description = "Write the results to a file too", HelpName = "FILE" };
        var verb = new Verb("verify", "Compares this program with values that another implementation stored")
        {
            Details = """
                Prints a line for each case with the worst error as a share of its tolerance (at most 100 %), and for
                a failing case the tensor, the index, the expected and the found value. A case fails too when a stored
                result was not checked, a file is damaged, or its kind is unknown. Skipped are the cases that no
                filter matches. Exit code 1 when a case failed.
                """,
            Examples =
            [
                "diffract verify goldens",
                "diffract verify goldens --filter 'ops/*' --dtype float64 --json out.json",
            ],
        };
        verb.Add(folder);
        foreach (var option in device.Options) verb.Add(option);
        verb.Add(threads);
        verb.Add(dtype);
        verb.Add(memory);
        verb.Add(filters);
        verb.Add(json);
        verb.SetAction((parsed, cancellation) =>
        {
            var type = CommonOptions.ParseDType(parsed.GetValue(dtype));
            // A GPU has no kernels in float64: who asks for it means the CPU.
            var word = device.Word(parsed) is CommonOptions.Auto && type == DType.Float64
                ? "cpu"
                : device.Word(parsed);
            var on = CommonOptions.OpenDevice(word, device.Used(parsed, gpus), terminal, parsed.GetValue(threads));
            using var closed = on as IDisposable;
            var options = new VerifyOptions(parsed.GetRequiredValue(folder), on, type, parsed.GetValue(filters) ?? [],
                InferenceWords.Parse(parsed.GetValue(memory)));
            return Task.FromResult(Run(terminal, options, parsed.GetValue(json), cancellation));
        });
        return verb;
    }

    private static int Run(Terminal terminal, VerifyOptions options, string? json, CancellationToken cancellation)
    {
        if (options is { Memory: MemoryMode.Lean, DType: DType.Float64 })
            throw new UsageException("--memory lean calculates in float32: leave --dtype float64 out");
        var reports = Verification.Run(options, report =>
        {
            foreach (var line in VerifyReport.Lines(report)) terminal.Output.WriteLine(line);
            terminal.Output.Flush();
        }, cancellation);
        terminal.Output.WriteLine(VerifyReport.Summary(reports));
        if (json is not null) Engine.AtomicFile.WriteText(json, VerifyJson.Write(options, reports) + "\n");
        if (reports.All(report => report.Outcome == CaseOutcome.Skipped))
            terminal.Error.WriteLine("diffract verify: no case was run: none is there, or no name matches a filter");
        return reports.Any(report => report.Outcome == CaseOutcome.Failed) ? ExitCode.Failure : ExitCode.Success;
    }
}
