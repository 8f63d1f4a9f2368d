using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class QkvAttention
{
    // Two tiles of 48 x 96 scores and five operands of 96 keys: about 200 KiB for heads of 64 channels.
    private const int BackwardQueries = 48;
    private const int BackwardKeys = 96;

    // Heads are cut into ranges of queries until there are this many tasks; each range has its own sums for keys and
    // values, which are added in order afterwards.
    private const int BackwardTasks = 16;

    private static void BackwardSimd(CpuDevice device, QkvAttentionBackwardArgs b)
    {
        var a = b.Forward;
        var pairs = a.Batch * a.Heads;
        if (pairs == 0 || a.Tokens == 0) return;
        var queries = Parts(a.Tokens, BackwardQueries, Tile.Rows);
        var blocks = (a.Tokens + queries - 1) / queries;
        var ranges = Math.Min(blocks, (BackwardTasks + pairs - 1) / pairs);
        nint each = 2 * (nint)a.Tokens * a.Width;
        using var slots = new Scratch(device, (long)ranges * pairs * each * sizeof(float));
        var parts = slots.F32;
        device.For(checked(pairs * ranges), i =>
        {
            var (pair, range) = (i / ranges, i % ranges);
            int first = blocks * range / ranges * queries, last = blocks * (range + 1) / ranges * queries;
            using var head = new BackwardHead(device, b, pair, first, Math.Min(last, a.Tokens), queries);
            for (var key = 0; key < a.Tokens; key += BackwardKeys)
                head.AddKeys(key, Math.Min(BackwardKeys, a.Tokens - key), parts + i * each);
            head.FinishQueries();
        });
        device.For(pairs, pair =>
        {
            var sums = parts + pair * ranges * each;
            for (var range = 1; range < ranges; range++) Accumulate(sums + range * each, sums, each);
            FinishKeys(b, pair, sums);
        });
    }

    private static void Accumulate(float* source, float* sums, nint count)
    {
        nint i = 0;
        for (; i + 8 <= count; i += 8) (Vector256.Load(sums + i) + Vector256.Load(source + i)).Store(sums + i);
        for (; i < count; i++) sums[i] += source[i];
    }

    private static void FinishKeys(in QkvAttentionBackwardArgs b, int pair, float* sums)
    {
        var a = b.Forward;
        int n = pair / a.Heads, h = pair % a.Heads;
        nint row = 3 * (nint)a.Channels;
        var sample = b.DQkv.F32 + n * a.Tokens * row;
        TileProduct.CopyRows(sums, a.Width, a.Tokens, a.Width, 1, sample + a.Key(h), row);
        TileProduct.CopyRows(sums + (nint)a.Tokens * a.Width, a.Width, a.Tokens, a.Width, 1, sample + a.Value(h), row);
    }

    /// <summary>A tile of scores becomes one of weights p = e^(score - logSumExp), and dp becomes p (dp - dot).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScoreGradients(
        float* scores, float* dp, nint row, int rows, int columns, float* logSumExp, float* dots)
    {
        for (var r = 0; r < rows; r++, scores += row, dp += row)
        {
            var c = 0;
            for (; Vector512.IsHardwareAccelerated && c + 16 <= columns; c += 16)
                ScoreGradient<WidestLane>(scores + c, dp + c, logSumExp[r], dots[r]);
            for (; c < columns; c += 8) ScoreGradient<WideLane>(scores + c, dp + c, logSumExp[r], dots[r]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ScoreGradient<T>(float* score, float* dp, float logSumExp, float dot)
        where T : unmanaged, IFloatLane<T>, ILaneMemory<T, float>
    {
        var p = LaneMath.ExpFlushed(T.Load(score) - T.Of(logSumExp));
        T.Store(score, p);
        T.Store(dp, p * (T.Load(dp) - T.Of(dot)));
    }
}
