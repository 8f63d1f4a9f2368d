using System.Collections.Concurrent;
using Diffract.Engine;

namespace Diffract.Cases;

/// <summary>How to make one input: the same numbers every time.</summary>
/// <param name="Shape">Its shape.</param>
/// <param name="Draw">One number, from a source of random ones and its place.</param>
/// <param name="DType">Its type; null for the floating-point type the case is run in.</param>
public sealed record Input(Shape Shape, Func<Random, long, double> Draw, DType? DType = null)
{
    // Drawn once: a row is run in many types and layouts.
    private readonly ConcurrentDictionary<int, double[]> drawn = new();

    /// <summary>Standard normal.</summary>
    public static Input Normal(params ReadOnlySpan<long> shape) => new(Shape.Of(shape), (r, _) => Gauss(r));

    /// <summary>Even between two numbers.</summary>
    public static Input Uniform(double low, double high, params ReadOnlySpan<long> shape) =>
        new(Shape.Of(shape), (r, _) => low + r.NextDouble() * (high - low));

    /// <summary>Normal, but at least 0.05 from places where a formula has no derivative: differences need room.
    /// </summary>
    public static Input AwayFrom(double[] kinks, params ReadOnlySpan<long> shape) => new(Shape.Of(shape), (r, _) =>
    {
        while (true)
            if (Gauss(r) is var x && kinks.All(k => Math.Abs(x - k) > 0.05)) return x;
    });

    /// <summary>All different, so that the largest is never in doubt.</summary>
    public static Input Distinct(params ReadOnlySpan<long> shape)
    {
        var count = Math.Max(1, Shape.Of(shape).Count);
        // Multiples of a number without a common divisor visit every residue once.
        return new(Shape.Of(shape), (_, i) => (i * 7919 % count - count / 2) * 0.25);
    }

    /// <summary>Integers below a bound.</summary>
    public static Input Index(long below, params ReadOnlySpan<long> shape) =>
        new(Shape.Of(shape), (r, _) => r.NextInt64(below), Diffract.Engine.DType.Int64);

    /// <summary>Truth values.</summary>
    public static Input Mask(params ReadOnlySpan<long> shape) =>
        new(Shape.Of(shape), (r, _) => r.Next(2), Diffract.Engine.DType.Bool);

    /// <summary>The input's numbers, before they are rounded to a type.</summary>
    public double[] Values(int seed) => drawn.GetOrAdd(seed, Drawn);

    public static double Gauss(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private double[] Drawn(int seed)
    {
        var random = new Random(seed);
        var values = new double[Shape.Count];
        for (var i = 0; i < values.Length; i++) values[i] = Draw(random, i);
        return values;
    }
}
