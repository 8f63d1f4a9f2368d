using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Walks a stretch of a random stream in blocks that are aligned to the stream and not to the stretch: an
/// element's value depends on its position alone.</summary>
internal static unsafe class RandomBlocks
{
    /// <summary>Words in a block.</summary>
    public const int Size = 512;

    private const int BlocksPerTask = 16;

    /// <summary>Calls <paramref name="body"/> for pieces of [0, count): the position of the block's first word in the
    /// stream, where in the block the piece starts, where in the stretch, and how many elements.</summary>
    public static void ForBlocks(CpuDevice device, GeneratorState state, long count,
        Action<ulong, int, long, int> body)
    {
        var lead = (long)(state.Offset % Size);
        var first = state.Offset - (ulong)lead;
        var blocks = (lead + count + Size - 1) / Size;
        device.ForChunks(count == 0 ? 0 : blocks, BlocksPerTask, (from, to) =>
        {
            for (var block = from; block < to; block++)
            {
                var start = Math.Max(0, (block * Size) - lead);
                var end = Math.Min(count, ((block + 1) * Size) - lead);
                var skip = block == 0 ? (int)lead : 0;
                body(first + (ulong)(block * Size), skip, start, (int)(end - start));
            }
        });
    }

    /// <summary>The words of a block.</summary>
    public static void Fill(GeneratorState state, ulong position, uint* words)
    {
        var counter = position / Philox.WordsPerBlock;
        for (var i = 0; i < Size; i += PhiloxLanes.Words, counter += PhiloxLanes.Words / Philox.WordsPerBlock)
            PhiloxLanes.Fill(state.Seed, counter, state.Stream, words + i);
    }
}
