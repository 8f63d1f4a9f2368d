using System.CommandLine;
using System.CommandLine.Parsing;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary>Says in one sentence what a command line should have been.</summary>
internal static class UsageError
{
    /// <summary>The first problem of a command line, null when there is none.</summary>
    public static string? Find(ParseResult parsed)
    {
        if (parsed.Errors.Count == 0) return null;
        // Help asked for wins over whatever else is wrong or missing.
        if (parsed.Action is System.CommandLine.Help.HelpAction or Help) return null;
        var command = parsed.CommandResult.Command;
        if (parsed.UnmatchedTokens.Count > 0) return Unknown(command, parsed.UnmatchedTokens[0]);
        return parsed.Errors[0].SymbolResult is CommandResult && command.Subcommands.Count > 0
            ? "a verb is missing"
            : parsed.Errors[0].SymbolResult is ArgumentResult { Tokens.Count: 0 } missing
                ? $"{missing.Argument.Name} is missing"
                : parsed.Errors[0].Message.ReplaceLineEndings(" ").TrimEnd('.');
    }

    public static int Report(Terminal terminal, ParseResult parsed, string problem)
    {
        var verb = parsed.CommandResult.Command is RootCommand ? "" : " " + parsed.CommandResult.Command.Name;
        terminal.Error.WriteLine($"diffract{verb}: {problem}");
        terminal.Error.WriteLine($"Run 'diffract{verb} --help' for the usage.");
        return ExitCode.Usage;
    }

    /// <summary>Shows what there is to somebody who has asked for nothing.</summary>
    public static int Overview(Terminal terminal, RootCommand root)
    {
        root.Parse(["--help"]).Invoke(new InvocationConfiguration { Output = terminal.Error, Error = terminal.Error });
        return ExitCode.Usage;
    }

    private static string Unknown(Command command, string token)
    {
        var isOption = token.StartsWith('-');
        var known = isOption
            ? command.Parents.OfType<Command>().SelectMany(parent => parent.Options.Where(option => option.Recursive))
                .Concat(command.Options).SelectMany(option => option.Aliases.Append(option.Name))
            : command.Subcommands.Select(verb => verb.Name);
        var what = isOption ? "option" : command.Subcommands.Count > 0 ? "verb" : "argument";
        return $"unknown {what} '{token}'" + (Nearest(known, token) is { } near ? $"; did you mean '{near}'?" : "");
    }

    /// <summary>The known word that takes the fewest edits, if that is few for its length.</summary>
    internal static string? Nearest(IEnumerable<string> known, string word)
    {
        var best = known.Select(k => (Word: k, Edits: Edits(k, word))).OrderBy(k => k.Edits).FirstOrDefault();
        return best.Word is not null && best.Edits <= Math.Max(1, word.TrimStart('-').Length / 3) + 1
            && best.Edits < word.TrimStart('-').Length ? best.Word : null;
    }

    /// <summary>Insertions, removals, replacements and swaps of neighbours that turn one word into the other.</summary>
    private static int Edits(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) d[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) d[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(Math.Min(d[i - 1, j], d[i, j - 1]) + 1, replaced);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }
        return d[a.Length, b.Length];
    }
}
