namespace Diffract.Tasks;

/// <summary>Random draws of one sample, a function of (seed, stream, index) and of nothing else: not of threads, not of
/// what was drawn for other samples. A finished run can so be repeated from any position.</summary>
/// <remarks>The counter is hashed with the finaliser of SplitMix64 (Steele, Lea and Flood 2014, figure 15).</remarks>
internal struct SampleRandom
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;
    private ulong counter;

    /// <summary>The draws that belong to a sample.</summary>
    /// <param name="seed">Of the run.</param>
    /// <param name="stream">What the draws are for, or the epoch.</param>
    /// <param name="index">Of the sample.</param>
    public SampleRandom(ulong seed, ulong stream, ulong index) =>
        counter = Mix(Mix(Mix(seed) + GoldenGamma * (stream + 1)) + GoldenGamma * (index + 1));

    /// <summary>Uniform in 0 … <paramref name="bound"/>-1, without bias (Lemire 2019, algorithm 5).</summary>
    public int Next(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        var limit = (uint)bound;
        var product = (ulong)Next32() * limit;
        if ((uint)product < limit)
        {
            var threshold = (0u - limit) % limit;
            while ((uint)product < threshold) product = (ulong)Next32() * limit;
        }
        return (int)(product >> 32);
    }

    /// <summary>The numbers 0 … <paramref name="count"/>-1 in random order (Fisher and Yates).</summary>
    public int[] Permutation(int count)
    {
        var order = new int[count];
        for (var i = 0; i < count; i++) order[i] = i;
        for (var i = count - 1; i > 0; i--)
        {
            var j = Next(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    private uint Next32() => (uint)(Mix(counter += GoldenGamma) >> 32);

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
