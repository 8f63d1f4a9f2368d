using System.Runtime.Intrinsics;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

/// <summary>The inner loop of all products, at every width, whether this machine has such vectors or not.</summary>
internal sealed unsafe class TileTests
{
    private const int Columns = Tile.Columns, Margin = 5;
    private const float Mark = -123456.75f;

    private delegate void Product(int rows, int depth, float* a, nint rowA, nint depthA, float* b, nint depthB,
        float* c, nint rowC, bool accumulate, Ahead ahead);

    private static readonly (string Name, Product Multiply)[] widths =
    [
        ("16 floats", Tile.Multiply<Width16, Vector512<float>>), ("8 floats", Tile.Multiply<Width8, Vector256<float>>),
        ("4 floats", Tile.Multiply<Width4, Vector128<float>>), ("1 float", Tile.Multiply<Width1, float>),
        ("as chosen", Tile.Multiply),
    ];

    private static readonly int[] depths = [.. Enumerable.Range(0, 10), 15, 16, 17, 31, 64, 70];

    [AnyWidth]
    [Test]
    public void Every_width_agrees_with_float64_and_with_the_bits_of_the_others(
        [Values(1, 6, 7, 12, 13, 18, 29, 36)] int rows, [Values] bool transposed, [Values] bool accumulate)
    {
        foreach (var depth in depths)
        {
            var whole = (rows + Tile.Rows - 1) / Tile.Rows * Tile.Rows;
            var (rowA, depthA) = transposed ? (1, whole + 3) : (depth + 3, 1);
            int depthB = Columns + depth % 3, rowC = Columns + 3;
            var a = Numbers((whole + 3) * (depth + 3), depth);
            var b = Numbers(depth * depthB + Columns, depth + 1000);
            var c = Numbers(whole * rowC, depth + 2000);
            var first = Run(widths[0].Multiply, whole, rows, depth, a, rowA, depthA, b, depthB, c, rowC, accumulate);
            for (var r = 0; r < whole; r++)
                for (var j = 0; j < Columns; j++)
                    AssertSum(first[r * rowC + j], accumulate ? c[r * rowC + j] : 0, depth,
                        k => (double)a[r * rowA + k * depthA] * b[k * depthB + j], $"depth {depth}, ({r}, {j})");
            foreach (var (name, multiply) in widths[1..])
                Assert.That(Run(multiply, whole, rows, depth, a, rowA, depthA, b, depthB, c, rowC, accumulate),
                    Is.EqualTo(first), $"depth {depth}, {name}");
        }
    }

    [Test]
    public void Without_a_reason_not_to_it_uses_the_widest_vectors()
    {
        if (Environment.GetEnvironmentVariables().Keys.Cast<string>().FirstOrDefault(IsSwitch) is { } set)
            Assert.Ignore($"{set} is set");
        if (!File.Exists("/proc/cpuinfo")) Assert.Ignore("this system does not list the processor's features");
        var features = File.ReadLines("/proc/cpuinfo").First(l => l.StartsWith("flags") || l.StartsWith("Features"))
            .Split([' ', ':', '\t']);
        // Some processors with AVX-512 slow down when it is used: the runtime's judgement counts.
        Assert.That(Tile.Width, features.Contains("avx512f") ? Is.AnyOf(8, 16)
            : features.Contains("avx2") ? Is.EqualTo(8) : Is.EqualTo(4));
        static bool IsSwitch(string name) => name.StartsWith("DOTNET_Enable", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("DOTNET_PreferredVector", StringComparison.OrdinalIgnoreCase);
    }

    // The product, with everything that must not be read NaN and everything that must not be written marked.
    private static float[] Run(Product multiply, int whole, int rows, int depth, float[] a, int rowA, int depthA,
        float[] b, int depthB, float[] c, int rowC, bool accumulate)
    {
        var left = Guard(a.Length, i => a[i]);
        if (rowA == 1) Spoil(left, a.Length, i => i % depthA >= whole || i / depthA >= depth);
        else Spoil(left, a.Length, i => i % rowA >= depth || i / rowA >= whole);
        var right = Guard(b.Length, i => i % depthB < Columns && i / depthB < depth ? b[i] : float.NaN);
        var sums = Guard(c.Length, i => i % rowC >= Columns ? Mark : accumulate ? c[i] : float.NaN);
        fixed (float* pa = left, pb = right, pc = sums)
        {
            // What is asked for ahead may be anything, and may lie anywhere.
            var ahead = (depth % 3) switch
            {
                0 => default,
                1 => Ahead.Panel(pb, rows, depth),
                _ => Ahead.Rows(pb, 1 << 20, 64, depth),
            };
            multiply(rows, depth, pa + Margin, rowA, depthA, pb + Margin, depthB, pc + Margin, rowC, accumulate, ahead);
        }
        for (var i = 0; i < c.Length; i++)
            if (i % rowC >= Columns) Assert.That(sums[Margin + i], Is.EqualTo(Mark), $"element {i} was written");
        Assert.That(sums[..Margin].Concat(sums[^Margin..]), Is.All.NaN);
        return sums[Margin..^Margin];
    }

    private static float[] Guard(int count, Func<int, float> value) =>
    [
        .. Enumerable.Repeat(float.NaN, Margin), .. Enumerable.Range(0, count).Select(value),
        .. Enumerable.Repeat(float.NaN, Margin),
    ];

    private static void Spoil(float[] guarded, int count, Func<int, bool> unused)
    {
        for (var i = 0; i < count; i++)
            if (unused(i)) guarded[Margin + i] = float.NaN;
    }

    // Each of the roundings is at most half a unit in the last place of what has been added up so far.
    private static void AssertSum(float found, float start, int depth, Func<int, double> term, string what)
    {
        double sum = 0, magnitude = 0;
        for (var k = 0; k < depth; k++)
        {
            sum += term(k);
            magnitude += Math.Abs(term(k));
        }
        var bound = Math.Pow(2, -24) * (depth + 2) * (magnitude + Math.Abs(start)) + 1e-30;
        Assert.That(found, Is.EqualTo(sum + start).Within(bound), what);
    }

    private static float[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() * 2 - 1)];
    }
}
