using System.Diagnostics;

namespace Diffract.Tasks;

/// <summary>How fast work goes and how long it will take: the mean over the last quarter of what was done, so that a
/// slow start (first touches of memory, compilation) is forgotten.</summary>
internal sealed class Pace(long total, string unit, long alreadyDone, Func<TimeSpan>? clock = null)
{
    private const int Marks = 256;

    private readonly Lock gate = new();
    private readonly Func<TimeSpan> now = clock ?? Stopwatched();
    private readonly List<(TimeSpan At, long Done)> history = [(TimeSpan.Zero, alreadyDone)];
    private string? note;

    public long Done
    {
        get
        {
            lock (gate) return history[^1].Done;
        }
    }

    public string? Note => note;

    public void Advance(long amount, string? newNote)
    {
        lock (gate)
        {
            note = newNote?.Trim() ?? note;
            history.Add((now(), history[^1].Done + amount));
            // Keep every second mark when full: old times get coarser, memory stays bounded.
            if (history.Count > Marks)
                for (var i = history.Count - 2; i > 0; i -= 2) history.RemoveAt(i);
        }
    }

    /// <summary>Units a second; 0 before the first unit.</summary>
    public double PerSecond
    {
        get
        {
            lock (gate)
            {
                if (history.Count < 2) return 0;
                var (last, from) = (history[^1], history[0]);
                var enough = from.Done + (last.Done - from.Done) * 3 / 4;
                foreach (var mark in history) if (mark.Done <= enough && mark.At < last.At) from = mark;
                var seconds = (last.At - from.At).TotalSeconds;
                return seconds > 0 ? (last.Done - from.Done) / seconds : 0;
            }
        }
    }

    public TimeSpan? Remaining => PerSecond is > 0 and var rate
        ? TimeSpan.FromSeconds(Math.Min((total - Done) / rate, TimeSpan.MaxValue.TotalSeconds / 2))
        : null;

    public string RateText => PerSecond is > 0 and var rate ? Units.Rate(rate, unit) : "";

    /// <summary>One line: <c>450 of 1,000 images (45 %), 12.3 images/s, 45 s left, loss 0.231</c>.</summary>
    public override string ToString() => Line(Done < total);

    /// <summary>The same of work that is over, also where it ended before its total: nothing is left.</summary>
    public string Ended => Line(goesOn: false);

    private string Line(bool goesOn)
    {
        var parts = new List<string>
        {
            $"{Units.Count(Done)} of {Units.Count(total)} {unit} ({100.0 * Done / Math.Max(1, total):0} %)",
        };
        if (RateText.Length > 0) parts.Add(RateText);
        if (goesOn && Remaining is { } left) parts.Add($"{Units.Duration(left)} left");
        if (note is { Length: > 0 }) parts.Add(note);
        return string.Join(", ", parts);
    }

    private static Func<TimeSpan> Stopwatched()
    {
        var start = Stopwatch.GetTimestamp();
        return () => Stopwatch.GetElapsedTime(start);
    }
}
