using System.Diagnostics;

namespace Diffract.Tasks;

/// <summary>Progress for log files: a line when something starts, one every ten seconds, one at the end.</summary>
internal sealed class PlainProgress(TextWriter error, TimeSpan? interval = null) : IRunProgress
{
    private readonly Lock gate = new();

    public IProgressBar Begin(string title, long total, string unit, long done = 0) =>
        new Bar(this, title, new Pace(total, unit, done), interval ?? TimeSpan.FromSeconds(10));

    public void Say(string line)
    {
        lock (gate)
        {
            error.WriteLine(line);
            error.Flush();
        }
    }

    public void Dispose() { }

    private sealed class Bar : IProgressBar
    {
        private readonly PlainProgress owner;
        private readonly string title;
        private readonly Pace pace;
        private readonly TimeSpan interval;
        private readonly long start = Stopwatch.GetTimestamp();
        private long lastLine = Stopwatch.GetTimestamp();
        private bool ended;

        public Bar(PlainProgress owner, string title, Pace pace, TimeSpan interval)
        {
            (this.owner, this.title, this.pace, this.interval) = (owner, title, pace, interval);
            owner.Say($"{title}: {pace}");
        }

        public void Advance(long amount = 1, string? note = null)
        {
            pace.Advance(amount, note);
            var last = Volatile.Read(ref lastLine);
            if (Stopwatch.GetElapsedTime(last) < interval) return;
            if (Interlocked.CompareExchange(ref lastLine, Stopwatch.GetTimestamp(), last) == last)
                owner.Say($"{title}: {pace}");
        }

        public void Dispose()
        {
            if (ended) return;
            ended = true;
            owner.Say($"{title}: {pace.Ended}, took {Units.Duration(Stopwatch.GetElapsedTime(start))}");
        }
    }
}
