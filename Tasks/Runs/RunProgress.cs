namespace Diffract.Tasks;

/// <summary>The ways to show progress.</summary>
public static class RunProgress
{
    /// <summary>Says nothing: for tests and for callers that watch in their own way.</summary>
    public static IRunProgress None { get; } = new Silent();

    /// <summary>A bar that moves on a screen; a plain line now and then anywhere else.</summary>
    public static IRunProgress On(Terminal terminal) =>
        terminal.IsInteractive ? new LiveProgress(terminal) : new PlainProgress(terminal.Error);

    private sealed class Silent : IRunProgress, IProgressBar
    {
        public IProgressBar Begin(string title, long total, string unit, long done = 0) => this;

        public void Say(string line) { }

        public void Advance(long amount = 1, string? note = null) { }

        public void Dispose() { }
    }
}
