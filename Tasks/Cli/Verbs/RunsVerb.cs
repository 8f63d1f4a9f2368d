using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract runs</c>.</summary>
internal static class RunsVerb
{
    private const string Details = """
        Lists the run folders of diffract train with what they learnt, the best first: accuracy on the held-out images,
        and on those that diffract evaluate scored; where these differ, a column says which they are. Runs that differ
        in their seed alone get a line with the mean and the standard deviation. A run that is damaged is left out, and
        named with what is wrong on the error stream.
        """;

    public static Command Make(Terminal terminal)
    {
        var folder = new Argument<string>("DIR")
        {
            Description = $"The folder of run folders; {RunFolder.DefaultParent} when left out",
            DefaultValueFactory = _ => RunFolder.DefaultParent,
        };
        var report = RunOptions.File("--report", "A report to write (.html), with bars");
        var verb = new Verb("runs", "Compares trained heads")
        {
            Details = Details,
            Examples = ["diffract runs", "diffract runs runs/birds --report birds.html"],
        };
        verb.Add(folder);
        verb.Add(report);
        verb.SetAction(parsed =>
        {
            var parent = parsed.GetRequiredValue(folder);
            var damaged = 0;
            var runs = HeadRun.In(parent, problem =>
            {
                damaged++;
                terminal.Error.WriteLine($"left out: {problem}");
            });
            if (runs.Count == 0)
                throw new DiffractException(damaged > 0
                    ? $"{parent} has no run of a head that can be read"
                    : $"{parent} has no run of a head (diffract train makes one)");
            foreach (var line in HeadRunTable.Lines(runs)) terminal.Output.WriteLine(line);
            if (parsed.GetValue(report) is not { } path) return ExitCode.Success;
            HeadRunTable.Write(path, runs);
            terminal.Output.WriteLine($"report: {path}");
            return ExitCode.Success;
        });
        return verb;
    }
}
