using System.Collections.Concurrent;

namespace Diffract.Engine.Cuda;

/// <summary>Finds out by trial which of several ways to calculate the same is the fastest on a device, and remembers it
/// for the next start. Only ways that give the same bits may be offered, so that a choice changes nothing but time; one
/// that turns out to give others is never chosen.</summary>
/// <param name="clock">Times the trials.</param>
/// <param name="file">Where choices are kept; null for nowhere.</param>
internal sealed class GpuTuner(IGpuClock clock, TuningFile? file)
{
    // The fastest of a few rounds counts: other programs and the clock's way up from idle only make it slower.
    private const int Rounds = 3, MostRuns = 20;

    // Milliseconds: of one sample, and after which the trials of a problem end with what is known by then.
    private const double Sample = 1, Limit = 300;

    // What is less ahead than this is taken for noise, and the usual way stays.
    private const double Lead = 0.97;

    private readonly ConcurrentDictionary<string, (int Way, string Name)> chosen = new();

    /// <summary>Multiply-adds of the smallest problem that is worth trials.</summary>
    public double LeastWork { get; init; } = 1 << 26;

    /// <summary>The names of what was chosen, by problem.</summary>
    public IReadOnlyDictionary<string, string> Choices => chosen.ToDictionary(c => c.Key, c => c.Value.Name);

    /// <summary>The way to take without a trial: the one chosen before or, where nothing can be timed now, the usual
    /// one; null when there should be a trial.</summary>
    /// <param name="problem">What is calculated, as far as the time depends on it.</param>
    /// <param name="ways">The ways by name, the usual one first. A choice that is kept under another name (of another
    /// build of the kernels, say) does not count.</param>
    /// <returns>The way's number.</returns>
    public int? Find(string problem, Func<IReadOnlyList<string>> ways)
    {
        if (chosen.TryGetValue(problem, out var known)) return known.Way;
        if (file?.Find(problem) is { } name)
        {
            var names = ways();
            for (var i = 0; i < names.Count; i++)
                if (names[i] == name)
                {
                    chosen[problem] = (i, name);
                    return i;
                }
        }
        return clock.IsRunning ? null : 0;
    }

    /// <summary>Tries all ways, and remembers the fastest. What a way throws, the caller gets, and nothing is
    /// remembered.</summary>
    /// <param name="problem">What is calculated.</param>
    /// <param name="ways">The ways by name, the usual one first.</param>
    /// <param name="run">Queues the calculation in the way of a number.</param>
    /// <param name="result">A part of what it has calculated.</param>
    /// <returns>The way's number.</returns>
    public int Try(string problem, IReadOnlyList<string> ways, Action<int> run, Func<byte[]> result)
    {
        var times = new double[ways.Count];
        Array.Fill(times, double.PositiveInfinity);
        var spent = 0.0;
        byte[]? usual = null;
        var isSame = new bool[ways.Count];
        for (var round = 0; round < Rounds; round++)
            for (var way = 0; way < ways.Count && spent < Limit; way++)
            {
                if (round == 0)
                {
                    // The first run loads the kernel.
                    run(way);
                    var bits = result();
                    isSame[way] = bits.AsSpan().SequenceEqual(usual ??= bits);
                }
                if (!isSame[way]) continue;
                var once = Time(way, 1);
                var runs = (int)Math.Clamp(Sample / once, 1, MostRuns);
                times[way] = Math.Min(times[way], runs == 1 ? once : Time(way, runs) / runs);
            }
        var best = 0;
        for (var way = 1; way < times.Length; way++)
            if (times[way] < times[best] * (best == 0 ? Lead : 1)) best = way;
        chosen[problem] = (best, ways[best]);
        file?.Keep(problem, ways[best]);
        return best;

        double Time(int way, int runs)
        {
            var time = clock.Time(() =>
            {
                for (var i = 0; i < runs; i++) run(way);
            });
            spent += time;
            return time;
        }
    }

    /// <summary>Takes the usual way from now on, as long as the device is open: there is no room for a trial.</summary>
    /// <param name="problem">What is calculated.</param>
    /// <param name="name">The usual way's name.</param>
    public void GiveUp(string problem, string name) => chosen[problem] = (0, name);
}
