using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU, without tensor cores: a warp has a query (or, for their gradients, a key) to itself. For scores
/// its lanes take different keys, for weighted sums different channels; a score is calculated where it is needed and
/// handed round, never stored.</remarks>
public static unsafe partial class QkvAttention
{
    private const int Warps = 8, Lanes = 32;

    private static readonly GpuKernel forward = new(ForwardQuery, Warps * Lanes), dots = new(OutputDots, Warps * Lanes);
    private static readonly GpuKernel queryGradient = new(QueryGradient, Warps * Lanes);
    private static readonly GpuKernel keyGradient = new(KeyGradient, Warps * Lanes);

    private static void ForwardGpu(GpuDevice device, QkvAttentionArgs a)
    {
        var shape = new GpuAttention(a);
        forward.Launch(device, shape.Blocks, new GpuArguments().Put<float>(a.Qkv).Put<float>(a.Y)
            .Put<float>(a.LogSumExp).Put(shape));
    }

    private static void BackwardGpu(GpuDevice device, QkvAttentionBackwardArgs b)
    {
        var a = b.Forward;
        var shape = new GpuAttention(a);
        var rows = (long)a.Batch * a.Heads * a.Tokens;
        using var scratch = new Scratch(device, rows * sizeof(float));
        dots.Launch(device, shape.Blocks, new GpuArguments().Put<float>(a.Y).Put<float>(b.Dy).Put(scratch.F32, rows)
            .Put(shape));
        queryGradient.Launch(device, shape.Blocks, new GpuArguments().Put<float>(a.Qkv).Put<float>(b.Dy)
            .Put<float>(a.LogSumExp).Put(scratch.F32, rows).Put<float>(b.DQkv).Put(shape));
        keyGradient.Launch(device, shape.Blocks, new GpuArguments().Put<float>(a.Qkv).Put<float>(b.Dy)
            .Put<float>(a.LogSumExp).Put(scratch.F32, rows).Put<float>(b.DQkv).Put(shape));
    }

    /// <summary>The sizes as a GPU's kernel takes them.</summary>
    private readonly struct GpuAttention(QkvAttentionArgs a)
    {
        public readonly int Tokens = a.Tokens, Heads = a.Heads, Width = a.Width;
        public readonly int HeadStep = a.Order == QkvOrder.Legacy ? 3 * a.Width : a.Width;
        public readonly int PartStep = a.Order == QkvOrder.Legacy ? a.Width : a.Channels;
        public readonly float Scale = (float)(a.Scale * a.Scale);
        private readonly int batch = a.Batch;

        public long Rows => (long)batch * Heads * Tokens;

        public long Blocks => (Rows + Warps - 1) / Warps;

        /// <summary>First channel of a token's query, key (part 1) or value (2).</summary>
        public long Input(long pair, long token, int part)
        {
            long n = pair / Heads, h = pair - n * Heads;
            return (n * Tokens + token) * 3 * Heads * Width + h * HeadStep + part * PartStep;
        }

        /// <summary>First channel of a token's output.</summary>
        public long Output(long pair, long token)
        {
            long n = pair / Heads, h = pair - n * Heads;
            return (n * Tokens + token) * Heads * Width + h * Width;
        }
    }

    private static void ForwardQuery(
        ArrayView<float> qkv, ArrayView<float> y, ArrayView<float> logSumExp, GpuAttention s)
    {
        var row = (long)Grid.IdxX * Warps + Group.IdxX / Lanes;
        // Whole warps leave together.
        if (row >= s.Rows) return;
        long pair = row / s.Tokens, token = row - pair * s.Tokens, query = s.Input(pair, token, 0);
        var lane = Group.IdxX % Lanes;

        // Each lane's largest score and sum of its keys, then the warp's.
        float top = float.NegativeInfinity, sum = 0;
        for (var key = lane; key < s.Tokens; key += Lanes)
        {
            var score = s.Scale * Dot(qkv, query, qkv, s.Input(pair, key, 1), s.Width);
            var higher = score > top ? score : top;
            sum = sum * GpuLane.Exp(top - higher).Value + GpuLane.Exp(score - higher).Value;
            top = higher;
        }
        var largest = top;
        for (var by = Lanes / 2; by > 0; by >>= 1)
        {
            var other = Warp.ShuffleXor(largest, by);
            largest = other > largest ? other : largest;
        }
        // A lane without keys has nothing to add.
        sum = GpuBlock.WarpSum(lane < s.Tokens ? sum * GpuLane.Exp(top - largest).Value : 0);
        var log = largest + GpuLane.Log(sum).Value;
        if (lane == 0 && logSumExp.Length > 0) logSumExp[row] = log;

        for (var channel = 0; channel < s.Width; channel += 4 * Lanes)
        {
            float y0 = 0, y1 = 0, y2 = 0, y3 = 0;
            for (var first = 0; first < s.Tokens; first += Lanes)
            {
                var own = first + lane < s.Tokens ? Probability(qkv, s, query, pair, first + lane, log) : 0;
                for (var j = 0; j < Lanes && first + j < s.Tokens; j++)
                    AddFour(qkv, s.Input(pair, first + j, 2), s.Width, channel + lane, Warp.Shuffle(own, j), ref y0,
                        ref y1, ref y2, ref y3);
            }
            PutFour(y, s.Output(pair, token), s.Width, channel + lane, y0, y1, y2, y3);
        }
    }

    // sum(p dp) = dy · y of every query.
    private static void OutputDots(ArrayView<float> y, ArrayView<float> dy, ArrayView<float> dots, GpuAttention s)
    {
        var row = (long)Grid.IdxX * Warps + Group.IdxX / Lanes;
        if (row >= s.Rows) return;
        var at = s.Output(row / s.Tokens, row % s.Tokens);
        float sum = 0;
        for (var c = Group.IdxX % Lanes; c < s.Width; c += Lanes) sum += y[at + c] * dy[at + c];
        sum = GpuBlock.WarpSum(sum);
        if (Group.IdxX % Lanes == 0) dots[row] = sum;
    }

    // dq = sum over keys of p (dp - dot) scale k.
    private static void QueryGradient(ArrayView<float> qkv, ArrayView<float> dy, ArrayView<float> logSumExp,
        ArrayView<float> dots, ArrayView<float> dQkv, GpuAttention s)
    {
        var row = (long)Grid.IdxX * Warps + Group.IdxX / Lanes;
        if (row >= s.Rows) return;
        long pair = row / s.Tokens, token = row - pair * s.Tokens, query = s.Input(pair, token, 0);
        var lane = Group.IdxX % Lanes;
        for (var channel = 0; channel < s.Width; channel += 4 * Lanes)
        {
            float d0 = 0, d1 = 0, d2 = 0, d3 = 0;
            for (var first = 0; first < s.Tokens; first += Lanes)
            {
                var key = first + lane;
                float own = 0;
                if (key < s.Tokens)
                    own = Probability(qkv, s, query, pair, key, logSumExp[row]) * s.Scale
                        * (Dot(dy, s.Output(pair, token), qkv, s.Input(pair, key, 2), s.Width) - dots[row]);
                for (var j = 0; j < Lanes && first + j < s.Tokens; j++)
                    AddFour(qkv, s.Input(pair, first + j, 1), s.Width, channel + lane, Warp.Shuffle(own, j), ref d0,
                        ref d1, ref d2, ref d3);
            }
            PutFour(dQkv, query, s.Width, channel + lane, d0, d1, d2, d3);
        }
    }

    // dv = sum over queries of p dy, dk = sum over queries of p (dp - dot) scale q.
    private static void KeyGradient(ArrayView<float> qkv, ArrayView<float> dy, ArrayView<float> logSumExp,
        ArrayView<float> dots, ArrayView<float> dQkv, GpuAttention s)
    {
        var row = (long)Grid.IdxX * Warps + Group.IdxX / Lanes;
        if (row >= s.Rows) return;
        long pair = row / s.Tokens, key = row - pair * s.Tokens, rows = pair * s.Tokens;
        var lane = Group.IdxX % Lanes;
        for (var channel = 0; channel < s.Width; channel += 4 * Lanes)
        {
            float k0 = 0, k1 = 0, k2 = 0, k3 = 0, v0 = 0, v1 = 0, v2 = 0, v3 = 0;
            for (var first = 0; first < s.Tokens; first += Lanes)
            {
                var token = first + lane;
                float p = 0, slope = 0;
                if (token < s.Tokens)
                {
                    p = Probability(qkv, s, s.Input(pair, token, 0), pair, key, logSumExp[rows + token]);
                    slope = p * s.Scale * (Dot(dy, s.Output(pair, token), qkv, s.Input(pair, key, 2), s.Width)
                        - dots[rows + token]);
                }
                for (var j = 0; j < Lanes && first + j < s.Tokens; j++)
                {
                    AddFour(dy, s.Output(pair, first + j), s.Width, channel + lane, Warp.Shuffle(p, j), ref v0, ref v1,
                        ref v2, ref v3);
                    AddFour(qkv, s.Input(pair, first + j, 0), s.Width, channel + lane, Warp.Shuffle(slope, j), ref k0,
                        ref k1, ref k2, ref k3);
                }
            }
            PutFour(dQkv, s.Input(pair, key, 1), s.Width, channel + lane, k0, k1, k2, k3);
            PutFour(dQkv, s.Input(pair, key, 2), s.Width, channel + lane, v0, v1, v2, v3);
        }
    }

    private static float Probability(
        ArrayView<float> qkv, GpuAttention s, long query, long pair, long key, float logSumExp) =>
        GpuLane.Exp(s.Scale * Dot(qkv, query, qkv, s.Input(pair, key, 1), s.Width) - logSumExp).Value;

    private static float Dot(ArrayView<float> x, long atX, ArrayView<float> y, long atY, int count)
    {
        float sum = 0;
        for (var c = 0; c < count; c++) sum = GpuLane.MultiplyAdd(x[atX + c], y[atY + c], sum).Value;
        return sum;
    }

    // Channels c, c + 32, c + 64 and c + 96 of one token.
    private static void AddFour(ArrayView<float> x, long at, int width, int c, float factor, ref float s0,
        ref float s1, ref float s2, ref float s3)
    {
        if (c < width) s0 = GpuLane.MultiplyAdd(x[at + c], factor, s0).Value;
        if (c + Lanes < width) s1 = GpuLane.MultiplyAdd(x[at + c + Lanes], factor, s1).Value;
        if (c + 2 * Lanes < width) s2 = GpuLane.MultiplyAdd(x[at + c + 2 * Lanes], factor, s2).Value;
        if (c + 3 * Lanes < width) s3 = GpuLane.MultiplyAdd(x[at + c + 3 * Lanes], factor, s3).Value;
    }

    private static void PutFour(
        ArrayView<float> y, long at, int width, int c, float s0, float s1, float s2, float s3)
    {
        if (c < width) y[at + c] = s0;
        if (c + Lanes < width) y[at + c + Lanes] = s1;
        if (c + 2 * Lanes < width) y[at + c + 2 * Lanes] = s2;
        if (c + 3 * Lanes < width) y[at + c + 3 * Lanes] = s3;
    }
}
