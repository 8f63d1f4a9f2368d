using Diffract.Tasks;

namespace Diffract.Tests;

/// <summary>A user who presses Ctrl+C after a number of steps.</summary>
internal sealed class StopLater(int steps, CancellationTokenSource source) : IRunProgress, IProgressBar
{
    private int calls;

    public IProgressBar Begin(string title, long total, string unit, long done = 0) => this;

    public void Say(string line) { }

    public void Advance(long amount = 1, string? note = null)
    {
        if (++calls == steps) source.Cancel();
    }

    public void Dispose() { }
}
