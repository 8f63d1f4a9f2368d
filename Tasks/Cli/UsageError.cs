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
        var error = parsed.Errors[0];
        return error.SymbolResult switch
        {
            CommandResult when command.Subcommands.Count > 0 => "a verb is missing",
            ArgumentResult { Tokens.Count: 0 } missing => $"{missing.Argument.Name} is missing",
            OptionResult option when Misread(option) is { } problem => problem,
            _ => error.Message.ReplaceLineEndings(" ").TrimEnd('.'),
        };
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

    // An option with limits says itself what it takes.
    private static string? Misread(OptionResult result)
    {
        if (result.Tokens is not [var token] || result.Option.Validators.Count > 0) return null;
        var (type, text) = (result.Option.ValueType, token.Value);
        var expected = (Nullable.GetUnderlyingType(type) ?? type) switch
        {
            var t when t == typeof(ulong) && !ulong.TryParse(text, out _) =>
                $"a whole number from 0 to {ulong.MaxValue}",
            var t when t == typeof(int) && !int.TryParse(text, out _) =>
                $"a whole number from {int.MinValue} to {int.MaxValue}",
            var t when t == typeof(double) && !double.TryParse(text, out _) => "a number",
            var t when t == typeof(float) && !float.TryParse(text, out _) => "a number",
            var t when t == typeof(bool) && !bool.TryParse(text, out _) => "true or false",
            _ => null,
        };
        return expected is null ? null : $"{result.Option.Name} is {expected}, not '{text}'";
    }

    private static string Unknown(Command command, string token)
    {
        var isOption = token.StartsWith('-');
        var known = isOption
            ? command.Parents.OfType<Command>().SelectMany(parent => parent.Options.Where(option => option.Recursive))
                .Concat(command.Options).SelectMany(option => option.Aliases.Append(option.Name))
            : command.Subcommands.Select(verb => verb.Name);
        var what = isOption ? "option" : command.Subcommands.Count > 0 ? "verb" : "argument";
        return $"unknown {what} '{token}'{Spelling.Hint(known, token)}";
    }
}
