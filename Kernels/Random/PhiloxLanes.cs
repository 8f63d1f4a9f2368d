using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary><see cref="Philox"/> eight counters at a time.</summary>
internal static unsafe class PhiloxLanes
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
    private const int Rounds = 10;

    /// <summary>Words that eight counters give.</summary>
    public const int Words = 8 * Philox.WordsPerBlock;

    /// <summary>Writes the words of eight neighbouring counters, in order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(ulong key, ulong low, ulong high, uint* words)
    {
        // The lower word of the counter counts through the lanes; where it would run over, the carry is in c1.
        var counter = Vector256.Create((uint)low) + Vector256<uint>.Indices;
        var carry = Vector256.LessThan(counter, Vector256.Create((uint)low)) & Vector256<uint>.One;
        Vector256<uint> c0 = counter, c1 = Vector256.Create((uint)(low >> 32)) + carry;
        Vector256<uint> c2 = Vector256.Create((uint)high), c3 = Vector256.Create((uint)(high >> 32));
        Vector256<uint> k0 = Vector256.Create((uint)key), k1 = Vector256.Create((uint)(key >> 32));
        for (var round = 0; round < Rounds; round++)
        {
            var (low0, high0) = Product(c0, Philox.Multiplier0);
            var (low1, high1) = Product(c2, Philox.Multiplier1);
            (c0, c1, c2, c3) = (high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0);
            k0 += Vector256.Create(Philox.Weyl0);
            k1 += Vector256.Create(Philox.Weyl1);
        }
        var turned = stackalloc uint[Words];
        c0.Store(turned);
        c1.Store(turned + 8);
        c2.Store(turned + 16);
        c3.Store(turned + 24);
        for (var i = 0; i < 8; i++, words += Philox.WordsPerBlock)
            (words[0], words[1], words[2], words[3]) = (turned[i], turned[i + 8], turned[i + 16], turned[i + 24]);
    }

    // Lower and upper halves of 64-bit products, from those of the even and of the odd lanes.
    [MethodImpl(Inline)]
    private static (Vector256<uint> Low, Vector256<uint> High) Product(Vector256<uint> x, uint factor)
    {
        var wide = Vector256.Create((ulong)factor);
        var even = Multiply(x.AsUInt64() & Vector256.Create(0xFFFFFFFFul), wide);
        var odd = Multiply(x.AsUInt64() >> 32, wide);
        var lower = Vector256.Create(0xFFFFFFFFul);
        return (((even & lower) | (odd << 32)).AsUInt32(), ((even >> 32) | (odd & ~lower)).AsUInt32());
    }

    // The portable product of 64-bit lanes does not know that the upper halves are 0, and takes three times as long.
    [MethodImpl(Inline)]
    private static Vector256<ulong> Multiply(Vector256<ulong> a, Vector256<ulong> b) =>
        Avx2.IsSupported ? Avx2.Multiply(a.AsUInt32(), b.AsUInt32()) : a * b;
}
