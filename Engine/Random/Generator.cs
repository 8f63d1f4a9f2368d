namespace Diffract.Engine;

/// <summary>A stream of random numbers. What comes out depends on seed, stream and position alone, never on threads or
/// on how many are asked for at once, so that a saved <see cref="State"/> continues exactly.</summary>
/// <remarks>Not for use by several threads at once: give each its own with <see cref="Split"/>.</remarks>
/// <param name="seed">Any number; equal seeds give equal numbers.</param>
public sealed class Generator(ulong seed)
{
    private const double ToUnit = 1.0 / (1L << 24);

    /// <summary>Seed, stream and position; set it to continue where another generator was.</summary>
    public GeneratorState State { get; set; } = new(seed, 0, 0);

    /// <summary>A generator whose numbers have nothing to do with this one's, whatever either has drawn so far: for a
    /// worker, an epoch, an image. Equal numbers give equal streams.</summary>
    /// <param name="stream">Which one; any number.</param>
    public Generator Split(ulong stream)
    {
        // The new stream's number is a scrambled pair of the old one's and the index, under a key that is not the
        // seed, so that streams of streams do not meet either.
        var (w0, w1, _, _) = Philox.Block(~State.Seed, stream, State.Stream);
        return new Generator(State.Seed) { State = new GeneratorState(State.Seed, ((ulong)w1 << 32) | w0, 0) };
    }

    /// <summary>Sets positions aside for somebody who fills an array, and moves behind them.</summary>
    /// <param name="words">How many 32-bit words.</param>
    /// <returns>The state before them.</returns>
    public GeneratorState Take(long words)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(words);
        var before = State;
        State = before with { Offset = before.Offset + (ulong)words };
        return before;
    }

    /// <summary>The next 32 random bits.</summary>
    public uint NextWord() => Philox.Word(Take(1));

    /// <summary>The next number in [0, 1), a multiple of 2⁻²⁴.</summary>
    public float NextSingle() => (float)((NextWord() >> 8) * ToUnit);

    /// <summary>The next integer in [<paramref name="low"/>, <paramref name="high"/>).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is empty.</exception>
    public long NextInt64(long low, long high)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(low, high);
        var bits = NextWord() | ((ulong)NextWord() << 32);
        return low + (long)Math.BigMul(bits, (ulong)(high - low), out _);
    }

    /// <summary>The numbers 0 … <paramref name="count"/>-1 in random order (Fisher and Yates).</summary>
    public long[] Permutation(int count)
    {
        var order = new long[count];
        for (var i = 0; i < count; i++) order[i] = i;
        for (var i = count - 1; i > 0; i--)
        {
            var j = NextInt64(0, i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    /// <summary>"seed 7, stream 0, offset 128".</summary>
    public override string ToString() => $"seed {State.Seed}, stream {State.Stream}, offset {State.Offset}";
}
