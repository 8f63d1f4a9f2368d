using System.Diagnostics;

namespace Diffract.Benchmarks;

/// <summary>Runs the same thing on every thread at once, with nothing between it and the operating system.</summary>
internal static class AllThreads
{
    /// <summary>Seconds until the last of them is done.</summary>
    /// <param name="threads">How many, this one included.</param>
    /// <param name="body">Told which it is, from 0.</param>
    public static double Seconds(int threads, Action<int> body)
    {
        var watch = Stopwatch.StartNew();
        var others = Enumerable.Range(1, threads - 1).Select(i => new Thread(() => body(i))).ToArray();
        foreach (var thread in others) thread.Start();
        body(0);
        foreach (var thread in others) thread.Join();
        return watch.Elapsed.TotalSeconds;
    }
}
