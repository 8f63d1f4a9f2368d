using System.Diagnostics;

namespace Diffract.Benchmarks.Baseline;

/// <summary>A kernel with its operands.</summary>
internal abstract class Work : IDisposable
{
    /// <summary>Runs it once.</summary>
    /// <returns>Seconds of what is watched; what it takes to get there is not counted.</returns>
    public abstract double Seconds();

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>How long something takes.</summary>
    protected static double Time(Action body)
    {
        var watch = Stopwatch.StartNew();
        body();
        return watch.Elapsed.TotalSeconds;
    }
}
