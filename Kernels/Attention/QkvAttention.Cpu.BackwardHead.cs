using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class QkvAttention
{
    /// <summary>A range of a head's queries against all its keys. For each tile: p from the scores, dv += pᵀ dy,
    /// ds = p (dy vᵀ - dy·y), dq += ds k, dk += dsᵀ q.</summary>
    private readonly ref struct BackwardHead
    {
        private readonly QkvAttentionBackwardArgs args;
        private readonly Scratch memory;
        private readonly int pair, first, last, block, width, padded;
        private readonly nint scoreRow;

        // Of all queries of the range, block by block: rows and panels of q and dy, and the sums for dq.
        private readonly float* q, qPanels, dy, dyPanels, dq, logSumExp, dots;

        // Of one block of keys: operands, sums, and two tiles.
        private readonly float* k, kTransposed, vTransposed, dk, dv, scores, dp;

        public BackwardHead(CpuDevice device, in QkvAttentionBackwardArgs b, int pair, int first, int last, int block)
        {
            (args, this.pair, this.first, this.last, this.block) = (b, pair, first, last, block);
            (width, padded) = (b.Forward.Width, TileProduct.WholeColumns(b.Forward.Width));
            const int keys = BackwardKeys;
            scoreRow = BackwardKeys + 16;
            nint rows = (last - first + block - 1) / block * block;
            memory = new Scratch(device, sizeof(float)
                * (rows * (2 * width + 3 * padded + 2) + keys * (2 * width + 3 * padded) + 2 * block * scoreRow));
            dq = memory.F32;
            qPanels = dq + rows * padded;
            dyPanels = qPanels + rows * padded;
            k = dyPanels + rows * padded;
            dk = k + keys * padded;
            dv = dk + keys * padded;
            scores = dv + keys * padded;
            dp = scores + block * scoreRow;
            q = dp + block * scoreRow;
            dy = q + rows * width;
            kTransposed = dy + rows * width;
            vTransposed = kTransposed + keys * width;
            logSumExp = vTransposed + keys * width;
            dots = logSumExp + rows;
            new Span<float>(scores, 2 * block * (int)scoreRow).Clear();
            new Span<float>(logSumExp, 2 * (int)rows).Clear();
            LoadQueries();
        }

        public void AddKeys(int key, int keys, float* sums)
        {
            LoadKeys(key, keys);
            for (var start = first; start < last; start += block)
                AddTile(start - first, keys, start == first, key == 0);
            TileProduct.CopyRows(dk, padded, keys, width, 1, sums + (nint)key * width, width);
            TileProduct.CopyRows(dv, padded, keys, width, 1, sums + ((nint)args.Forward.Tokens + key) * width, width);
        }

        public void FinishQueries()
        {
            var a = args.Forward;
            nint row = 3 * (nint)a.Channels;
            var target = args.DQkv.F32 + ((nint)(pair / a.Heads) * a.Tokens + first) * row + a.Query(pair % a.Heads);
            TileProduct.CopyRows(dq, padded, last - first, width, ScoreScale(a), target, row);
        }

        public void Dispose() => memory.Dispose();

        private void AddTile(nint at, int keys, bool firstQueries, bool firstKeys)
        {
            var count = Math.Min(block, last - first - (int)at);
            int columns = TileProduct.WholeColumns(keys), keyPanel = width * Tile.Columns;
            nint queryPanel = (nint)block * Tile.Columns;
            TileProduct.Run(count, columns, width, q + at * width, width, 1, kTransposed, keyPanel,
                scores, scoreRow, false);
            TileProduct.Run(count, columns, width, dy + at * width, width, 1, vTransposed, keyPanel,
                dp, scoreRow, false);
            ScoreGradients(scores, dp, scoreRow, count, columns, logSumExp + at, dots + at);
            TileProduct.Run(keys, padded, count, scores, 1, scoreRow, dyPanels + at * padded, queryPanel,
                dv, padded, !firstQueries);
            TileProduct.Run(keys, padded, count, dp, 1, scoreRow, qPanels + at * padded, queryPanel,
                dk, padded, !firstQueries);
            TileProduct.Run(count, padded, keys, dp, scoreRow, 1, k, BackwardKeys * Tile.Columns,
                dq + at * padded, padded, !firstKeys);
        }

        private void LoadKeys(int key, int keys)
        {
            var a = args.Forward;
            nint row = 3 * (nint)a.Channels;
            var source = a.Qkv.F32 + ((nint)(pair / a.Heads) * a.Tokens + key) * row;
            float* sourceK = source + a.Key(pair % a.Heads), sourceV = source + a.Value(pair % a.Heads);
            nint panel = (nint)width * Tile.Columns;
            TileProduct.Pack(sourceK, row, true, width, keys, kTransposed, panel);
            TileProduct.Pack(sourceV, row, true, width, keys, vTransposed, panel);
            TileProduct.Pack(sourceK, row, false, keys, width, k, BackwardKeys * Tile.Columns);
        }

        private void LoadQueries()
        {
            var a = args.Forward;
            int n = pair / a.Heads, h = pair % a.Heads, count = last - first;
            nint row = 3 * (nint)a.Channels, at = ((nint)n * a.Tokens + first) * a.Channels + h * width;
            float* source = a.Qkv.F32 + ((nint)n * a.Tokens + first) * row + a.Query(h);
            float* gradient = args.Dy.F32 + at, y = a.Y.F32 + at;
            TileProduct.CopyRows(source, row, count, width, ScoreScale(a), q, width);
            TileProduct.CopyRows(gradient, a.Channels, count, width, 1, dy, width);
            var padding = (count + block - 1) / block * block - count;
            new Span<float>(q + (nint)count * width, padding * width).Clear();
            new Span<float>(dy + (nint)count * width, padding * width).Clear();
            for (nint start = 0; start < count; start += block)
            {
                var rows = Math.Min(block, count - (int)start);
                nint panel = (nint)block * Tile.Columns;
                TileProduct.Pack(q + start * width, width, false, rows, width, qPanels + start * padded, panel);
                TileProduct.Pack(dy + start * width, width, false, rows, width, dyPanels + start * padded, panel);
            }
            for (nint t = 0; t < count; t++)
            {
                logSumExp[t] = a.LogSumExp.F32[(nint)pair * a.Tokens + first + t];
                var dot = 0.0;
                for (var c = 0; c < width; c++) dot += (double)gradient[t * a.Channels + c] * y[t * a.Channels + c];
                dots[t] = (float)dot;
            }
        }
    }
}
