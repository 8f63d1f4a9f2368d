using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary>Turns an exception into one sentence for a person.</summary>
internal static class Failure
{
    public static int Report(Terminal terminal, Exception e, bool debug)
    {
        var cause = e is AggregateException { InnerExceptions.Count: 1 } wrapped ? wrapped.InnerExceptions[0] : e;
        terminal.Error.WriteLine(IsExplained(cause)
            ? $"diffract: {Explain(cause)}"
            : $"diffract: unexpected error, likely a fault of this program: {cause.GetType().Name}: {cause.Message}"
                + (debug ? "" : Environment.NewLine + "Run the same command with --debug to see where it happened."));
        if (debug) terminal.Error.WriteLine(cause.ToString());
        return ExitCode.Failure;
    }

    private static bool IsExplained(Exception e) =>
        e is DiffractException or IOException or UnauthorizedAccessException;

    private static string Explain(Exception e) => e switch
    {
        FileNotFoundException { FileName: { Length: > 0 } file } => $"{file}: no such file",
        DirectoryNotFoundException when Quoted(e.Message) is { } path => $"{path}: no such file or folder",
        UnauthorizedAccessException when Quoted(e.Message) is { } path => $"{path}: permission denied",
        UnauthorizedAccessException => $"permission denied: {e.Message}",
        _ => e.Message,
    };

    // "Could not find a part of the path '/data/x'.", which begins in the middle.
    private static string? Quoted(string message) =>
        message.IndexOf('\'') is >= 0 and var from && message.LastIndexOf('\'') is var to && to > from + 1
            ? message[(from + 1)..to]
            : null;
}
