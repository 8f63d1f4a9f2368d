namespace Diffract.Engine;

/// <summary>Lets operations of this thread be stopped between two of their tasks, milliseconds apart, instead of after
/// a whole network.
/// <code>
/// using (Cancellation.Use(token)) features = network.Run(x, timesteps, taps: Taps.At(24));
/// </code>
/// A stopped operation throws, and what it was writing is lost: use it where nothing is changed that must stay whole,
/// for inference and not around an optimiser's step.</summary>
public static class Cancellation
{
    // Ambient for the same reason as Scope: operators have no argument to carry it.
    [ThreadStatic]
    private static CancellationToken current;

    internal static CancellationToken Current => current;

    /// <summary>Operations of this thread throw <see cref="OperationCanceledException"/> once the token is cancelled,
    /// until the result is disposed.</summary>
    public static Section Use(CancellationToken token) => new(token);

    /// <summary>A section of code whose operations can be stopped; ends with <see cref="Dispose"/>.</summary>
    public readonly ref struct Section
    {
        private readonly CancellationToken before;

        internal Section(CancellationToken token)
        {
            before = current;
            current = token;
        }

        /// <summary>Restores what was before.</summary>
        public void Dispose() => current = before;
    }
}
