namespace Diffract.Kernels;

/// <summary>Writes the forward's text. A warp has the scores of its queries and some keys in registers, turns them into
/// weights relative to the largest score so far, and adds the weighted values to sums that it corrects whenever there
/// is a larger one (Milakov and Gimelshein 2018, Dao et al. 2022).</summary>
internal sealed class FlashForward
{
    private readonly PtxWriter k;
    private readonly FlashVariant variant;
    private readonly FlashHead head;
    private readonly FlashTiles tiles;
    private readonly PtxValue exponent;
    private readonly PtxValue[][][] sums;
    // Of every row of a thread: the largest score, as a power of two, and this thread's part of the weights' sum.
    private readonly PtxValue[] largest, weights;

    private FlashForward(FlashVariant variant, int architecture)
    {
        this.variant = variant;
        k = variant.Writer("Forward", architecture);
        head = new FlashHead(k);
        PtxValue qkv = k.Parameter<nint>("qkv"), y = k.Parameter<nint>("y"), log = k.Parameter<nint>("logSumExp");
        tiles = new FlashTiles(k, variant);
        exponent = head.Exponent;
        sums = FlashText.Zeros(k, variant.Groups, variant.Width);
        largest = Rows(float.NegativeInfinity);
        weights = Rows(0);

        var first = k.BlockX.Seen(PtxNumber.S32) * variant.Rows;
        var warpRow = (k.Thread >> 5) * (16 * variant.Groups);
        var queries = k.Shared(variant.RowsBytes, 1024);
        var own = queries + warpRow * variant.RowBytes;
        Copy(0, first, variant.Rows).Issue(queries);
        FlashCopy keys = Copy(1, 0, variant.Columns), values = Copy(2, 0, variant.Columns);
        var left = tiles.Down(own);
        var count = (head.Tokens + (variant.Columns - 1)) / variant.Columns;
        FlashText.Stream(k, variant.Stages, 2 * variant.ColumnsBytes, count, stage =>
        {
            keys.Issue(stage);
            values.Issue(stage + variant.ColumnsBytes);
        }, (stage, i) => Step(left, stage, i * variant.Columns));

        var firstOfWarp = first + warpRow.Seen(PtxNumber.S32);
        Finish(head.Statistics(log), log.UnequalTo(0), firstOfWarp);
        FlashText.Write(k, variant.Type, tiles.Layout, own, sums, head.Output(y, variant.Width), head.OutputRow,
            firstOfWarp, head.Tokens);

        FlashCopy Copy(int part, PtxValue from, int rows) =>
            new(k, tiles.Layout, head.Input(qkv, part), head.InputRow, head.Tokens, from, rows);

        PtxValue[] Rows(float value) =>
            [.. Enumerable.Range(0, 2 * variant.Groups).Select(_ => k.Variable(PtxNumber.F32, k.Single(value)))];
    }

    /// <summary>The text of a variant for an architecture of at least 80.</summary>
    public static PtxWriter Write(FlashVariant variant, int architecture) => new FlashForward(variant, architecture).k;

    private void Step(PtxValue[] left, PtxValue stage, PtxValue key)
    {
        var scores = tiles.Multiply(left, stage, variant.Columns);
        FlashText.Mask(k, scores, key, head.Tokens);
        for (var row = 0; row < largest.Length; row++) Weigh(scores[row / 2], sums[row / 2], row);
        tiles.AddWeighted(scores, stage + variant.ColumnsBytes, sums);
    }

    // Scores become weights. Powers of two: what is multiplied once cannot differ between a correction and a weight.
    private void Weigh(PtxValue[][] scores, PtxValue[][] sum, int row)
    {
        var mine = scores.SelectMany(s => s[(row % 2 * 2)..(row % 2 * 2 + 2)]).ToArray();
        var top = mine.Aggregate((x, y) => x.Max(y));
        for (var by = 1; by < 4; by *= 2) top = top.Max(FlashText.Exchanged(k, top, by));
        top = largest[row].Max(top * exponent);
        var correction = FlashText.Power(k, largest[row] - top);
        k.Set(largest[row], top);
        var shift = FlashText.Negative(k, top);
        foreach (var score in mine) k.Set(score, FlashText.Power(k, score.MultiplyAdd(exponent, shift)));
        k.Set(weights[row], weights[row].MultiplyAdd(correction, mine.Aggregate((x, y) => x + y)));
        foreach (var s in sum)
            for (var e = 0; e < 2; e++) k.Set(s[row % 2 * 2 + e], s[row % 2 * 2 + e] * correction);
    }

    private void Finish(PtxValue log, PtxValue wantsLog, PtxValue first)
    {
        var lane = k.Lane.Seen(PtxNumber.S32);
        for (var row = 0; row < largest.Length; row++)
        {
            var weight = weights[row];
            for (var by = 1; by < 4; by *= 2) weight += FlashText.Exchanged(k, weight, by);
            var factor = k.Make(PtxNumber.F32, $"rcp.approx.ftz.f32 {{0}}, {weight};");
            foreach (var s in sums[row / 2])
                for (var e = 0; e < 2; e++) k.Set(s[row % 2 * 2 + e], s[row % 2 * 2 + e] * factor);
            var token = first + (lane >> 2) + 8 * row;
            var power = k.Make(PtxNumber.F32, $"lg2.approx.ftz.f32 {{0}}, {weight};") + largest[row];
            k.Emit(wantsLog & token < head.Tokens & (lane & 3).EqualTo(0),
                $"st.global.f32 [{log + token.Wide(4).Seen(PtxNumber.U64)}], {power * k.Single(MathF.Log(2))};");
        }
    }
}
