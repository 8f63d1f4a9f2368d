namespace Diffract.Kernels;

/// <summary>Four threads share a row of sums: each has two neighbouring columns of every eight. They exchange them, so
/// that each has all eight of every fourth group.</summary>
internal static class HopperExchange
{
    private const int Threads = 4;

    /// <summary>The sums as a thread is to write them.</summary>
    /// <param name="k">The kernel; all threads of a warp come here.</param>
    /// <param name="output">How many neighbouring columns a thread is to have: two, as it has, or eight.</param>
    /// <param name="sums">A warp's sums, in groups of eight columns: two of a row, two of the row eight below.</param>
    public static PtxValue[][] Run(PtxWriter k, MmaOutput output, PtxValue[][] sums)
    {
        if (output.Run == 2) return sums;
        PtxValue[] bits = [(k.Lane & 1).UnequalTo(0), (k.Lane & 2).UnequalTo(0)];
        var result = sums.Select(group => (PtxValue[])group.Clone()).ToArray();
        for (var first = 0; first < result.Length; first += Threads)
            for (var e = 0; e < Threads; e++)
                for (var bit = 0; bit < bits.Length; bit++)
                    for (var i = 0; i < Threads; i++)
                        if ((i >> bit & 1) == 0)
                            Swap(ref result[first + i][e], ref result[first + i + (1 << bit)][e], bit);
        return result;

        // A thread keeps the one of its own side, and gets its partner's for the other.
        void Swap(ref PtxValue low, ref PtxValue high, int bit)
        {
            var sent = bits[bit].Choose(low, high);
            var got = k.Make(PtxNumber.F32, $"shfl.sync.bfly.b32 {{0}}, {sent}, {1 << bit}, 31, -1;");
            (low, high) = (bits[bit].Choose(got, low), bits[bit].Choose(high, got));
        }
    }
}
