using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <summary><see cref="Philox"/> in a GPU's threads: each has the four words of one counter, so that the stream's words
/// are where they are on the CPU.</summary>
internal static class GpuPhilox
{
    /// <summary>Threads for a stretch of a stream; its ends may lie among a counter's words.</summary>
    public static long Threads(GeneratorState state, long count) =>
        count == 0 ? 0 : (Lead(state) + count + Philox.WordsPerBlock - 1) / Philox.WordsPerBlock;

    /// <summary>Where in the stretch a thread's first word is; below 0 for one before the stretch.</summary>
    public static long First(GeneratorState state, long thread) => thread * Philox.WordsPerBlock - Lead(state);

    /// <summary>A thread's words.</summary>
    public static (uint W0, uint W1, uint W2, uint W3) Words(GeneratorState state, long thread) =>
        Philox.Block(state.Seed, state.Offset / Philox.WordsPerBlock + (ulong)thread, state.Stream);

    /// <summary>The word at one position of the stream.</summary>
    public static uint Word(GeneratorState state, ulong position)
    {
        var (w0, w1, w2, w3) = Philox.Block(state.Seed, position / Philox.WordsPerBlock, state.Stream);
        var place = (int)(position % Philox.WordsPerBlock);
        var early = place == 0 ? w0 : w1;
        var late = place == 2 ? w2 : w3;
        return place < 2 ? early : late;
    }

    /// <summary>Writes an element that is in the stretch.</summary>
    public static void Put(ArrayView<float> y, long element, float value)
    {
        if (element >= 0 && element < y.Length) y[element] = value;
    }

    private static long Lead(GeneratorState state) => (long)(state.Offset % Philox.WordsPerBlock);
}
