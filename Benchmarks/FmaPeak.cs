using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diffract.Benchmarks;

/// <summary>The most multiply-adds this machine can do: ten independent chains in registers, on every thread. Clouds
/// and laptops change speed from minute to minute, so shares of the peak are taken in the same run.</summary>
internal static class FmaPeak
{
    private const int Chains = 10, Rounds = 5_000_000;

    /// <summary>Single-precision GFLOP/s of the whole machine: the best of a few short runs.</summary>
    public static double Measure(int threads)
    {
        var shortest = Enumerable.Range(0, 5).Min(_ => Seconds(threads));
        return 2.0 * Vector256<float>.Count * Chains * Rounds * threads / shortest / 1e9;
    }

    /// <summary>How long one short run takes: always the same work on every thread.</summary>
    public static double Seconds(int threads) => AllThreads.Seconds(threads, _ => Loop());

    /// <summary>Prints the peak for one thread and for all.</summary>
    public static void Print(TextWriter output)
    {
        foreach (var threads in new[] { 1, Environment.ProcessorCount }.Distinct())
            output.WriteLine($"{threads} threads: {Measure(threads):0.0} GFLOP/s");
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Loop()
    {
        var x = Vector256.Create(0.999f);
        var y = Vector256.Create(0.001f);
        Vector256<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x;
        for (var round = 0; round < Rounds; round++)
        {
            a = Vector256.MultiplyAddEstimate(a, x, y);
            b = Vector256.MultiplyAddEstimate(b, x, y);
            c = Vector256.MultiplyAddEstimate(c, x, y);
            d = Vector256.MultiplyAddEstimate(d, x, y);
            e = Vector256.MultiplyAddEstimate(e, x, y);
            f = Vector256.MultiplyAddEstimate(f, x, y);
            g = Vector256.MultiplyAddEstimate(g, x, y);
            h = Vector256.MultiplyAddEstimate(h, x, y);
            i = Vector256.MultiplyAddEstimate(i, x, y);
            j = Vector256.MultiplyAddEstimate(j, x, y);
        }
        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j);
    }
}
