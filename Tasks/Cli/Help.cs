using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Diffract.Cli;

/// <summary>Help with what a reference page would have besides the options: what to expect, and examples.</summary>
internal sealed class Help(HelpAction standard) : SynchronousCommandLineAction
{
    // Help goes to people who look for it, also when arguments are missing.
    public override bool ClearsParseErrors => true;

    /// <summary>Makes every command of the tree show its <see cref="Verb"/> text.</summary>
    public static void Install(RootCommand root)
    {
        foreach (var option in root.Options.OfType<HelpOption>())
            if (option.Action is HelpAction standard) option.Action = new Help(standard);
    }

    public override int Invoke(ParseResult parseResult)
    {
        var code = standard.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        if (parseResult.CommandResult.Command is Verb verb)
        {
            if (verb.Details.Length > 0)
            {
                output.WriteLine("Details:");
                foreach (var line in verb.Details.Split('\n')) output.WriteLine($"  {line}".TrimEnd());
                output.WriteLine();
            }
            output.WriteLine(verb.Examples.Count == 1 ? "Example:" : "Examples:");
            foreach (var example in verb.Examples) output.WriteLine($"  {example}");
            output.WriteLine();
        }
        else if (parseResult.CommandResult.Command is RootCommand)
        {
            output.WriteLine("'diffract VERB --help' shows a verb's options and examples.");
            output.WriteLine("Exit codes: 0 success, 1 a failure that was explained, 2 wrong usage, 130 stopped by "
                + "Ctrl+C, 143 stopped by a request to end.");
            output.WriteLine();
        }
        return code;
    }
}
