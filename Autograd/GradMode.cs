namespace Diffract.Autograd;

/// <summary>Whether operations on this thread are recorded for backward; they are, unless inside
/// <c>using (GradMode.No())</c>.</summary>
public static class GradMode
{
    // Ambient for the same reason as Engine.Scope: operators have no argument to carry it.
    [ThreadStatic]
    private static bool off;

    /// <summary>Set when an operation was not recorded that would have been outside <see cref="No"/>: how
    /// <see cref="Recompute"/> learns that its body has parameters to train.</summary>
    [field: ThreadStatic]
    internal static bool HasSkipped { get; set; }

    /// <summary>Set while <see cref="Recompute"/> runs its body for the result alone: backward will run it again, so
    /// what a call would keep for the next one would be kept for long and thrown away unused.</summary>
    [field: ThreadStatic]
    internal static bool WillRunAgain { get; set; }

    /// <summary>True when operations are recorded.</summary>
    public static bool IsEnabled => !off;

    /// <summary>Stops recording until the result is disposed.</summary>
    public static Section No() => new(true);

    /// <summary>Records again, inside a section that does not, until the result is disposed.</summary>
    public static Section Yes() => new(false);

    /// <summary>A section of code with recording on or off; ends with <see cref="Dispose"/>.</summary>
    public readonly ref struct Section
    {
        private readonly bool before;

        internal Section(bool turnOff)
        {
            before = off;
            off = turnOff;
        }

        /// <summary>Restores what was before.</summary>
        public void Dispose() => off = before;
    }
}
