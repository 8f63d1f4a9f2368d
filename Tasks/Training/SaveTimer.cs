using System.Diagnostics;

namespace Diffract.Tasks;

/// <summary>Says when to save what would take minutes to do again.</summary>
/// <param name="every">Time between two savings; five minutes when left out.</param>
internal sealed class SaveTimer(TimeSpan? every = null)
{
    private readonly TimeSpan every = every ?? TimeSpan.FromMinutes(5);
    private long last = Stopwatch.GetTimestamp();

    /// <summary>Saves when the time has passed since it was made or since the last time.</summary>
    public void WhenDue(Action save)
    {
        if (Stopwatch.GetElapsedTime(last) < every) return;
        save();
        last = Stopwatch.GetTimestamp();
    }
}
