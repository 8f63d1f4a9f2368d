namespace Diffract.Engine;

/// <summary>The numbers that PyTorch's generator gives on a CPU, so that a seed means the same noise here and there:
/// the Mersenne Twister (Matsumoto and Nishimura 1998, MT19937) and PyTorch's ways of making normal numbers of it (Box
/// and Muller 1958). Normal numbers agree to the last bits of log, sin and cos; uniform ones are equal.
/// <code>
/// var noise = new TorchGenerator(42).Normal(3 * 64 * 64);   // torch.manual_seed(42); torch.randn(3, 64, 64)
/// </code></summary>
/// <remarks>A sequence: what is drawn depends on what was drawn before. <see cref="Generator"/> is free of that, and is
/// what this program uses where nobody asks for PyTorch's numbers.</remarks>
public sealed class TorchGenerator
{
    private const int Length = 624, Offset = 397;

    // PyTorch fills tensors from this size on in groups, half of a group being the angles.
    private const int Group = 16;

    private readonly uint[] state = new uint[Length];
    private int next = Length;
    private double? spare;

    /// <summary>A generator as after <c>torch.manual_seed</c>.</summary>
    /// <param name="seed">The seed; its lower 32 bits count, as there.</param>
    public TorchGenerator(ulong seed)
    {
        state[0] = (uint)seed;
        for (var i = 1; i < Length; i++)
            state[i] = 1812433253u * (state[i - 1] ^ (state[i - 1] >> 30)) + (uint)i;
    }

    /// <summary>32 random bits.</summary>
    public uint NextBits()
    {
        if (next == Length) Refill();
        var y = state[next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680u;
        y ^= (y << 15) & 0xefc60000u;
        return y ^ (y >> 18);
    }

    /// <summary>A number in [0, 1) with 24 bits, as <c>torch.rand</c> makes them.</summary>
    public float NextUniform() => (NextBits() & 0xffffff) * (1f / (1 << 24));

    /// <summary>Standard normal numbers, as one call of <c>torch.randn</c> gives them, in its order.</summary>
    /// <param name="count">How many the tensor has.</param>
    public float[] Normal(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var numbers = new float[count];
        if (count < Group)
        {
            for (var i = 0; i < count; i++) numbers[i] = (float)NextNormal();
            return numbers;
        }
        for (var i = 0; i < count; i++) numbers[i] = NextUniform();
        for (var first = 0; first + Group <= count; first += Group) Transform(numbers.AsSpan(first, Group));
        if (count % Group == 0) return numbers;
        // The last numbers are drawn again, as a whole group of their own.
        var last = numbers.AsSpan(count - Group);
        for (var i = 0; i < Group; i++) last[i] = NextUniform();
        Transform(last);
        return numbers;
    }

    private static void Transform(Span<float> group)
    {
        const int half = Group / 2;
        for (var i = 0; i < half; i++)
        {
            // 1 - u is never 0.
            var (u, v) = (1 - group[i], group[i + half]);
            var radius = MathF.Sqrt(-2 * MathF.Log(u));
            var angle = 2 * MathF.PI * v;
            group[i] = radius * MathF.Cos(angle);
            group[i + half] = radius * MathF.Sin(angle);
        }
    }

    private double NextNormal()
    {
        if (spare is { } kept)
        {
            spare = null;
            return kept;
        }
        var (u, v) = (NextDouble(), NextDouble());
        var radius = Math.Sqrt(-2 * Math.Log(1 - v));
        var angle = 2 * Math.PI * u;
        spare = radius * Math.Sin(angle);
        return radius * Math.Cos(angle);
    }

    private double NextDouble()
    {
        var high = (ulong)NextBits() << 32;
        return ((high | NextBits()) & ((1UL << 53) - 1)) * (1.0 / (1UL << 53));
    }

    private void Refill()
    {
        for (var i = 0; i < Length; i++)
        {
            var y = (state[i] & 0x80000000u) | (state[(i + 1) % Length] & 0x7fffffffu);
            state[i] = state[(i + Offset) % Length] ^ (y >> 1) ^ ((y & 1) * 0x9908b0dfu);
        }
        next = 0;
    }
}
