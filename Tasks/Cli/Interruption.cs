using System.Runtime.InteropServices;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary>The first Ctrl+C (or request to end) asks the work to stop where it can be resumed; the second ends the
/// process at once.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource source;
    private readonly Terminal terminal;
    private readonly PosixSignalRegistration[] registrations;

    /// <param name="terminal">Where to say so.</param>
    /// <param name="stopsCleanly">False for a verb that has nothing to bring to an end: a signal then ends the process
    /// as ever.</param>
    /// <param name="outer">Stops too.</param>
    public Interruption(Terminal terminal, bool stopsCleanly, CancellationToken outer)
    {
        this.terminal = terminal;
        source = CancellationTokenSource.CreateLinkedTokenSource(outer);
        registrations = !stopsCleanly ? [] :
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, c => Stop(c, Cli.ExitCode.Interrupted)),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, c => Stop(c, Cli.ExitCode.Terminated)),
        ];
    }

    public CancellationToken Token => source.Token;

    /// <summary>The exit code after a clean stop.</summary>
    public int ExitCode { get; private set; } = Cli.ExitCode.Interrupted;

    public void Dispose()
    {
        foreach (var registration in registrations) registration.Dispose();
        source.Dispose();
    }

    private void Stop(PosixSignalContext context, int exitCode)
    {
        // Left alone, the second signal does what it does by default: it ends the process.
        if (source.IsCancellationRequested) return;
        context.Cancel = true;
        ExitCode = exitCode;
        terminal.Error.WriteLine("diffract: stopping at the next good place; press Ctrl+C again to stop at once");
        source.Cancel();
    }
}
