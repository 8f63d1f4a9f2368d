using System.CommandLine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract convert A B</c>.</summary>
internal static class ConvertVerb
{
    private const int MostNames = 5;

    public static Command Make(Terminal terminal)
    {
        var source = new Argument<string>("A") { Description = "The file to read: safetensors or PyTorch" };
        var target = new Argument<string>("B") { Description = "The file to write: .safetensors, .pt or .pth" };
        var dtype = CommonOptions.Choice("--dtype", "Type of the floating-point tensors; left out, each keeps its own",
            "float16", "bfloat16", "float32");
        var entry = new Option<string?>("--entry")
        {
            Description = "Only what is under this key of a nested checkpoint, names without it",
            HelpName = "KEY",
        };
        var network = new NetworkWords();
        var force = new Option<bool>("--force") { Description = "Replace B when it exists" };
        var verb = new Verb("convert", "Copies weights between safetensors and PyTorch files")
        {
            Details = """
                Between PyTorch files everything is kept. A safetensors file has tensors only: those of a nested
                checkpoint get the keys on their way joined by dots, and numbers and texts are left out and named. B
                appears whole or not at all. A network that is none of the published ones does not tell all of itself by
                names and shapes: say the rest with --head-channels and the options after it, and B keeps it.
                """,
            Examples =
            [
                "diffract convert model.pt model.safetensors",
                "diffract convert latest.pt head.safetensors --entry model_head --dtype float16",
                "diffract convert own.pt own.safetensors --head-channels 32 --attention-order new --schedule cosine",
            ],
        };
        target.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (FileConversion.Unwritable(token.Value) is { } problem) result.AddError(problem);
        });
        verb.Add(source);
        verb.Add(target);
        verb.Add(dtype);
        verb.Add(entry);
        verb.Add(force);
        network.AddTo(verb);
        verb.SetAction(parsed =>
        {
            var options = new ConversionOptions(parsed.GetRequiredValue(source), parsed.GetRequiredValue(target),
                CommonOptions.ParseDType(parsed.GetValue(dtype)), parsed.GetValue(entry), parsed.GetValue(force),
                network.Options(parsed), network.Schedule(parsed));
            Print(terminal, options, FileConversion.Run(options));
            return ExitCode.Success;
        });
        return verb;
    }

    private static void Print(Terminal terminal, ConversionOptions options, ConversionReport report)
    {
        terminal.Output.WriteLine($"{options.Target}: {report.Tensors} tensor{(report.Tensors == 1 ? "" : "s")}, "
            + Units.Bytes(report.Bytes));
        if (report.LeftOut.Count > 0)
            terminal.Output.WriteLine($"left out {report.LeftOut.Count} values that are not tensors: "
                + string.Join(", ", report.LeftOut.Take(MostNames))
                + (report.LeftOut.Count > MostNames ? ", ..." : ""));
        if (report.BecameInfinite > 0)
            terminal.Error.WriteLine($"diffract convert: {Units.Count(report.BecameInfinite)} values are too large for "
                + "the new type and became infinite");
    }
}
