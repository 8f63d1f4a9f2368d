namespace Diffract.Engine;

/// <summary>Philox 4x32-10, a counter-based generator: a keyed scrambling of a 128-bit counter into four random words.
/// Any position can be had without those before it (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
/// </summary>
public static class Philox
{
    /// <summary>Words that one counter gives.</summary>
    public const int WordsPerBlock = 4;

    private const int Rounds = 10;
    internal const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57;
    internal const uint Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;

    /// <summary>The four words of a counter.</summary>
    /// <param name="key">64 bits: the seed.</param>
    /// <param name="low">Lower half of the counter.</param>
    /// <param name="high">Upper half of the counter.</param>
    public static (uint W0, uint W1, uint W2, uint W3) Block(ulong key, ulong low, ulong high)
    {
        uint c0 = (uint)low, c1 = (uint)(low >> 32), c2 = (uint)high, c3 = (uint)(high >> 32);
        uint k0 = (uint)key, k1 = (uint)(key >> 32);
        for (var round = 0; round < Rounds; round++)
        {
            var p0 = (ulong)Multiplier0 * c0;
            var p1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += Weyl0;
            k1 += Weyl1;
        }
        return (c0, c1, c2, c3);
    }

    /// <summary>The word at one position of a stream.</summary>
    public static uint Word(in GeneratorState state)
    {
        var (w0, w1, w2, w3) = Block(state.Seed, state.Offset / WordsPerBlock, state.Stream);
        return (state.Offset % WordsPerBlock) switch { 0 => w0, 1 => w1, 2 => w2, _ => w3 };
    }
}
