using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class QkvAttention
{
    private static void ForwardReference(CpuDevice device, QkvAttentionArgs a) => device.For(a.Batch * a.Heads, i =>
    {
        using var row = new Scratch(device, (long)a.Tokens * sizeof(double));
        int n = i / a.Heads, h = i % a.Heads;
        for (var t = 0; t < a.Tokens; t++)
        {
            var scores = row.F64;
            Scores(a, n, h, t, scores);
            var largest = new ReadOnlySpan<double>(scores, a.Tokens).ToArray().Max();
            var sum = 0.0;
            for (var s = 0; s < a.Tokens; s++) sum += Math.Exp(scores[s] - largest);
            if (a.LogSumExp.Exists) a.LogSumExp.F64[(long)i * a.Tokens + t] = largest + Math.Log(sum);
            for (var c = 0; c < a.Width; c++)
            {
                var y = 0.0;
                for (var s = 0; s < a.Tokens; s++)
                    y += Math.Exp(scores[s] - largest) / sum * Input(a, a.Qkv, n, s)[a.Value(h) + c];
                Output(a, a.Y, n, t, h)[c] = y;
            }
        }
    });

    // With p = softmax(scores): dv = pᵀ dy, dp = dy vᵀ, dscores = p (dp - sum(p dp)); and sum(p dp) = dy · y.
    private static void BackwardReference(CpuDevice device, QkvAttentionBackwardArgs b) =>
        device.For(b.Forward.Batch * b.Forward.Heads, i =>
        {
            var a = b.Forward;
            using var row = new Scratch(device, (long)a.Tokens * sizeof(double));
            int n = i / a.Heads, h = i % a.Heads;
            var scale = a.Scale * a.Scale;
            foreach (var first in (int[])[a.Query(h), a.Key(h), a.Value(h)])
                for (var t = 0; t < a.Tokens; t++) new Span<double>(Input(a, b.DQkv, n, t) + first, a.Width).Clear();
            for (var t = 0; t < a.Tokens; t++)
            {
                double* dy = Output(a, b.Dy, n, t, h), scores = row.F64;
                double* query = Input(a, a.Qkv, n, t) + a.Query(h), dQuery = Input(a, b.DQkv, n, t) + a.Query(h);
                Scores(a, n, h, t, scores);
                var dot = Dot(dy, Output(a, a.Y, n, t, h), a.Width);
                for (var s = 0; s < a.Tokens; s++)
                {
                    double* token = Input(a, a.Qkv, n, s), gradient = Input(a, b.DQkv, n, s);
                    var p = Math.Exp(scores[s] - a.LogSumExp.F64[(long)i * a.Tokens + t]);
                    var dScore = p * (Dot(dy, token + a.Value(h), a.Width) - dot);
                    for (var c = 0; c < a.Width; c++)
                    {
                        gradient[a.Value(h) + c] += p * dy[c];
                        gradient[a.Key(h) + c] += dScore * scale * query[c];
                        dQuery[c] += dScore * scale * token[a.Key(h) + c];
                    }
                }
            }
        });

    private static void Scores(in QkvAttentionArgs a, int n, int h, int t, double* scores)
    {
        var scale = a.Scale * a.Scale;
        for (var s = 0; s < a.Tokens; s++)
            scores[s] = scale * Dot(Input(a, a.Qkv, n, t) + a.Query(h), Input(a, a.Qkv, n, s) + a.Key(h), a.Width);
    }

    private static double Dot(double* x, double* y, int count)
    {
        var sum = 0.0;
        for (var c = 0; c < count; c++) sum += x[c] * y[c];
        return sum;
    }

    private static double* Input(in QkvAttentionArgs a, View qkv, int n, int t) =>
        qkv.F64 + ((long)n * a.Tokens + t) * 3 * a.Channels;

    private static double* Output(in QkvAttentionArgs a, View y, int n, int t, int h) =>
        y.F64 + ((long)n * a.Tokens + t) * a.Channels + h * a.Width;
}
