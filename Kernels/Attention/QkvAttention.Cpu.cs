using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class QkvAttention
{
    // A tile of scores is 48 x 256 floats: with its queries, keys and values it stays in a second-level cache.
    private const int ForwardQueries = 48;
    private const int ForwardKeys = 256;

    private static void ForwardSimd(CpuDevice device, QkvAttentionArgs a)
    {
        if (a.Tokens == 0) return;
        var keys = new PackedKeys(a);
        using var packed = new Scratch(device, keys.Bytes);
        var k = packed.F32;
        var v = k + a.Batch * a.Heads * keys.KeyFloats;
        device.For(a.Batch * a.Heads, i => PackedKeys.Pack(a, i, k + i * keys.KeyFloats, v + i * keys.ValueFloats));

        var rows = Parts(a.Tokens, ForwardQueries, Tile.Rows);
        var blocks = (a.Tokens + rows - 1) / rows;
        device.For(checked(a.Batch * a.Heads * blocks), i =>
        {
            var (pair, first) = (i / blocks, i % blocks * rows);
            using var tile = new ForwardTile(device, a, pair, first, Math.Min(rows, a.Tokens - first));
            var size = Parts(a.Tokens, ForwardKeys, Tile.Columns);
            for (var key = 0; key < a.Tokens; key += size)
                tile.Add(key, Math.Min(size, a.Tokens - key), k + pair * keys.KeyFloats, v + pair * keys.ValueFloats);
            tile.Finish();
        });
    }

    // In float32 both factors go to the queries.
    private static float ScoreScale(in QkvAttentionArgs a) => (float)(a.Scale * a.Scale);

    /// <summary>Length of the equal parts of at most <paramref name="most"/> that a range is cut into, a multiple of
    /// <paramref name="step"/>.</summary>
    private static int Parts(int length, int most, int step)
    {
        var parts = (length + most - 1) / most;
        var each = (length + parts - 1) / parts;
        return (each + step - 1) / step * step;
    }

    /// <summary>Keys and values of a head as operands of <see cref="TileProduct"/>.</summary>
    private readonly struct PackedKeys(QkvAttentionArgs a)
    {
        public readonly nint KeyFloats = (nint)TileProduct.WholeColumns(a.Tokens) * a.Width;
        public readonly nint ValueFloats = (nint)TileProduct.WholeColumns(a.Width) * a.Tokens;

        public long Bytes => (long)a.Batch * a.Heads * (KeyFloats + ValueFloats) * sizeof(float);

        public static void Pack(in QkvAttentionArgs a, int pair, float* k, float* v)
        {
            int n = pair / a.Heads, h = pair % a.Heads;
            nint row = 3 * (nint)a.Channels;
            var sample = a.Qkv.F32 + n * a.Tokens * row;
            TileProduct.Pack(sample + a.Key(h), row, true, a.Width, a.Tokens, k, (nint)a.Width * Tile.Columns);
            TileProduct.Pack(sample + a.Value(h), row, false, a.Tokens, a.Width, v, (nint)a.Tokens * Tile.Columns);
        }
    }

    /// <summary>Some queries of a head, and what they have gathered from the keys met so far: the weighted sum of the
    /// values, relative to the largest score, and the sum of the weights (Milakov and Gimelshein 2018).</summary>
    private readonly ref struct ForwardTile
    {
        private readonly QkvAttentionArgs args;
        private readonly Scratch memory;
        private readonly int pair, first, count, width;
        private readonly nint scoreRow;
        private readonly float* queries, scores, sums, largest, weights;

        public ForwardTile(CpuDevice device, in QkvAttentionArgs a, int pair, int first, int count)
        {
            (args, this.pair, this.first, this.count) = (a, pair, first, count);
            var rows = TileProduct.WholeRows(count);
            width = TileProduct.WholeColumns(a.Width);
            // 16 floats more, so that rows do not fall on the same cache sets.
            scoreRow = TileProduct.WholeColumns(Math.Min(ForwardKeys, a.Tokens)) + 16;
            memory = new Scratch(device, rows * (a.Width + width + scoreRow + 2) * sizeof(float));
            queries = memory.F32;
            sums = queries + rows * a.Width;
            scores = sums + rows * width;
            largest = scores + rows * scoreRow;
            weights = largest + rows;
            nint row = 3 * (nint)a.Channels;
            var source = a.Qkv.F32 + ((nint)(pair / a.Heads) * a.Tokens + first) * row + a.Query(pair % a.Heads);
            TileProduct.CopyRows(source, row, count, a.Width, ScoreScale(a), queries, a.Width);
            new Span<float>(queries + count * a.Width, (rows - count) * a.Width).Clear();
            new Span<float>(largest, rows).Fill(float.NegativeInfinity);
            new Span<float>(weights, rows).Clear();
        }

        public void Add(int key, int keys, float* k, float* v)
        {
            TileProduct.Run(count, keys, args.Width, queries, args.Width, 1, k + (nint)key * args.Width,
                args.Width * Tile.Columns, scores, scoreRow, false);
            for (var r = 0; r < count; r++)
            {
                var row = scores + r * scoreRow;
                var top = RowMath.Largest(row, keys, largest[r]);
                var shrink = MathF.Exp(largest[r] - top);
                weights[r] = weights[r] * shrink + (float)RowMath.Exponentials(row, row, keys, top);
                if (key > 0 && shrink != 1)
                    TileProduct.CopyRows(sums + r * width, width, 1, width, shrink, sums + r * width, width);
                largest[r] = top;
            }
            TileProduct.Run(count, width, keys, scores, scoreRow, 1, v + (nint)key * Tile.Columns,
                (nint)args.Tokens * Tile.Columns, sums, width, key > 0);
        }

        public void Finish()
        {
            int n = pair / args.Heads, h = pair % args.Heads;
            for (var r = 0; r < count; r++)
            {
                var y = args.Y.F32 + ((nint)n * args.Tokens + first + r) * args.Channels + h * args.Width;
                TileProduct.CopyRows(sums + r * width, width, 1, args.Width, 1 / weights[r], y, args.Width);
                if (args.LogSumExp.Exists)
                    args.LogSumExp.F32[(nint)pair * args.Tokens + first + r] = largest[r] + MathF.Log(weights[r]);
            }
        }

        public void Dispose() => memory.Dispose();
    }
}
