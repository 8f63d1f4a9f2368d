using Spectre.Console;

namespace Diffract.Tasks;

/// <summary>Where a program writes: results on one stream, progress and complaints on the other.</summary>
public sealed class Terminal
{
    /// <summary>A terminal over two writers.</summary>
    /// <param name="output">Results: what another program may want to read.</param>
    /// <param name="error">Progress and messages for the person who waits.</param>
    /// <param name="isInteractive">True when <paramref name="error"/> is a screen on which lines can be redrawn.
    /// </param>
    public Terminal(TextWriter output, TextWriter error, bool isInteractive)
    {
        (Output, Error, IsInteractive) = (output, error, isInteractive);
        ErrorConsole = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isInteractive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isInteractive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isInteractive ? InteractionSupport.Yes : InteractionSupport.No,
            Out = new AnsiConsoleOutput(error),
        });
    }

    /// <summary>Results.</summary>
    public TextWriter Output { get; }

    /// <summary>Progress and messages.</summary>
    public TextWriter Error { get; }

    /// <summary>True when <see cref="Error"/> is a screen on which lines can be redrawn.</summary>
    public bool IsInteractive { get; }

    internal IAnsiConsole ErrorConsole { get; }

    /// <summary>The process's own streams. Redirected output, <c>NO_COLOR</c> (no-color.org), <c>CI</c> and
    /// <c>TERM=dumb</c> each mean plain lines.</summary>
    public static Terminal OfProcess() => new(Console.Out, Console.Error, !Console.IsErrorRedirected
        && !IsSet("NO_COLOR") && !IsSet("CI") && Environment.GetEnvironmentVariable("TERM") != "dumb");

    private static bool IsSet(string variable) => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable));
}
