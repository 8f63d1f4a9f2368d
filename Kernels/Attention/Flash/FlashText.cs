using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>What attention's kernels on tensor cores have in common.</summary>
internal static class FlashText
{
    /// <summary>Runs <paramref name="step"/> for tile after tile, while the copies of later ones are under way.
    /// </summary>
    /// <param name="k">The kernel.</param>
    /// <param name="stages">Tiles in shared memory.</param>
    /// <param name="bytes">Bytes of a tile.</param>
    /// <param name="count">How many tiles: at least one.</param>
    /// <param name="issue">Starts the copies of the next tile, to where it says; the first one's belong together with
    /// those that were started before.</param>
    /// <param name="step">Uses a tile; it gets its place and its number.</param>
    public static void Stream(PtxWriter k, int stages, int bytes, PtxValue count, Action<PtxValue> issue,
        Action<PtxValue, PtxValue> step)
    {
        var shared = k.Shared(stages * bytes, 1024);
        for (var s = 0; s < stages - 1; s++)
        {
            var stage = shared + s * bytes;
            k.If(count > s, () => issue(stage));
            k.Emit("cp.async.commit_group;");
        }
        var reading = k.Variable(PtxNumber.U32, shared);
        var writing = k.Variable(PtxNumber.U32, shared + (stages - 1) * bytes);
        var end = shared + stages * bytes;
        k.For(0, count, 1, i =>
        {
            k.Comment("A tile has come for all; the one before it may be overwritten.");
            k.Emit($"cp.async.wait_group {stages - 2};");
            k.Barrier();
            k.If(i + (stages - 1) < count, () => issue(writing));
            k.Emit("cp.async.commit_group;");
            step(reading, i);
            Next(reading);
            Next(writing);
        });

        void Next(PtxValue stage)
        {
            k.Set(stage, stage + bytes);
            k.Set(stage, stage.EqualTo(end).Choose(shared, stage));
        }
    }

    /// <summary>Sums of groups of 16 rows and 8 columns each, four of a thread: columns 2 (l % 4) and the next of row
    /// l / 4, and of the row 8 below.</summary>
    public static PtxValue[][][] Sums(PtxWriter k, int groups, int columns)
    {
        var sums = new PtxValue[groups][][];
        for (var g = 0; g < groups; g++)
        {
            sums[g] = new PtxValue[columns / 8][];
            for (var j = 0; j < sums[g].Length; j++) sums[g][j] = k.Variables(PtxNumber.F32, 4);
        }
        return sums;
    }

    /// <summary>The same, at zero.</summary>
    public static PtxValue[][][] Zeros(PtxWriter k, int groups, int columns)
    {
        var sums = Sums(k, groups, columns);
        foreach (var sum in sums.SelectMany(g => g).SelectMany(s => s))
            k.Emit($"mov.f32 {sum}, {PtxWriter.Constant(0f)};");
        return sums;
    }

    /// <summary>Scores of keys behind the last become minus infinity, so that they weigh nothing.</summary>
    /// <param name="k">The kernel.</param>
    /// <param name="scores">Scores, a key a column.</param>
    /// <param name="first">The first column's key.</param>
    /// <param name="tokens">Keys that there are.</param>
    public static void Mask(PtxWriter k, PtxValue[][][] scores, PtxValue first, PtxValue tokens) =>
        k.If(first + 8 * scores[0].Length > tokens, () =>
        {
            var left = tokens - first - ((k.Lane & 3) << 1).Seen(PtxNumber.S32);
            for (var j = 0; j < scores[0].Length; j++)
                for (var e = 0; e < 2; e++)
                {
                    var isBehind = left <= 8 * j + e;
                    foreach (var score in scores.SelectMany(g => new[] { g[j][e], g[j][2 + e] }))
                        k.Emit(isBehind, $"mov.f32 {score}, {PtxWriter.Constant(float.NegativeInfinity)};");
                }
        });

    /// <summary>2^x.</summary>
    public static PtxValue Power(PtxWriter k, PtxValue x) => k.Make(PtxNumber.F32, $"ex2.approx.ftz.f32 {{0}}, {x};");

    /// <summary>-x.</summary>
    public static PtxValue Negative(PtxWriter k, PtxValue x) => k.Make(PtxNumber.F32, $"neg.f32 {{0}}, {x};");

    /// <summary>The value of another lane of the warp.</summary>
    public static PtxValue Exchanged(PtxWriter k, PtxValue x, int by) => k.Make(PtxNumber.B32,
        $"shfl.sync.bfly.b32 {{0}}, {x.Seen(PtxNumber.B32)}, {by}, 31, -1;").Seen(PtxNumber.F32);

    /// <summary>Writes a warp's sums, in 16 bits, to rows in global memory, by way of a tile of its own rows that
    /// nobody needs any more: so that a thread writes 16 bytes.</summary>
    /// <param name="k">The kernel.</param>
    /// <param name="type">The type they are rounded to.</param>
    /// <param name="layout">How rows lie in the tile.</param>
    /// <param name="tile">The warp's rows of it.</param>
    /// <param name="sums">The sums.</param>
    /// <param name="target">The first token's channels.</param>
    /// <param name="targetRow">Bytes from a token to the next.</param>
    /// <param name="first">The warp's first token.</param>
    /// <param name="tokens">Tokens that there are.</param>
    public static void Write(PtxWriter k, DType type, MmaLayout layout, PtxValue tile, PtxValue[][][] sums,
        PtxValue target, PtxValue targetRow, PtxValue first, PtxValue tokens)
    {
        var lane = k.Lane;
        var place = layout.At(lane >> 2, 0) + ((lane & 3) << 2);
        // No lane reads the tile any more; and all have written before one reads.
        k.Emit("bar.warp.sync -1;");
        for (var j = 0; j < sums[0].Length; j++)
        {
            var to = tile + (place ^ j * 16);
            for (var g = 0; g < sums.Length; g++)
                for (var half = 0; half < 2; half++)
                    k.Store("shared", to, PtxHalf.Pair(k, type, sums[g][j][2 * half], sums[g][j][2 * half + 1]),
                        (16 * g + 8 * half) * layout.RowBytes);
        }
        k.Emit("bar.warp.sync -1;");
        PtxValue chunk = lane % layout.Chunks, own = lane / layout.Chunks;
        var atOnce = 32 / layout.Chunks;
        for (var r = 0; r < 16 * sums.Length; r += atOnce)
        {
            var row = own + r;
            var words = k.Variables(PtxNumber.B32, 4);
            k.Emit($"ld.shared.v4.b32 {List(words)}, [{tile + layout.At(row, chunk)}];");
            var token = row.Seen(PtxNumber.S32) + first;
            var at = target + token.To(PtxNumber.S64).Seen(PtxNumber.U64) * targetRow + chunk.Wide(16);
            k.Emit(token < tokens, $"st.global.v4.b32 [{at}], {List(words)};");
        }
    }

    /// <summary><c>{a, b}</c>.</summary>
    public static string List(PtxValue[] values) => $"{{{string.Join(", ", values)}}}";
}
