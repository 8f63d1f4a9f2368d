using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract inspect FILE</c>.</summary>
internal static class InspectVerb
{
    public static Command Make(Terminal terminal)
    {
        var path = new Argument<string>("FILE") { Description = "A safetensors or PyTorch file" };
        var json = new Option<bool>("--json") { Description = "Print JSON instead of a table" };
        var verb = new Verb("inspect", "Shows the tensors, the types and the network in a file of weights")
        {
            Details = """
                Nothing of a PyTorch file is executed, and only the descriptions of the tensors are read, so large files
                are shown at once.
                """,
            Examples = ["diffract inspect model.pt", "diffract inspect weights.safetensors --json"],
        };
        verb.Add(path);
        verb.Add(json);
        verb.SetAction(parsed =>
        {
            using var file = TensorFile.Open(parsed.GetRequiredValue(path));
            if (parsed.GetValue(json)) terminal.Output.WriteLine(FileInspection.Json(file));
            else foreach (var line in FileInspection.Lines(file)) terminal.Output.WriteLine(line);
            return ExitCode.Success;
        });
        return verb;
    }
}
