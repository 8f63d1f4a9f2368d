using Diffract.Tasks;

namespace Diffract.Tests;

/// <summary>Hands on the lines that stay.</summary>
internal sealed class SayingProgress(Action<string> say) : IRunProgress, IProgressBar
{
    public IProgressBar Begin(string title, long total, string unit, long done = 0) => this;

    public void Say(string line) => say(line);

    public void Advance(long amount = 1, string? note = null) { }

    public void Dispose() { }
}
