namespace Diffract.Kernels;

/// <summary>Writes the text of the gradient of queries: weights are calculated again from the scores and the logarithm
/// of their sum, dq = scale sum over keys of p (dy · v - dy · y) k.</summary>
internal static class FlashQueryGradient
{
    /// <summary>The text of a variant for an architecture of at least 80.</summary>
    public static PtxWriter Write(FlashVariant variant, int architecture)
    {
        var groups = variant.Groups;
        var k = variant.Writer("QueryGradient", architecture);
        var head = new FlashHead(k);
        PtxValue qkv = k.Parameter<nint>("qkv"), dy = k.Parameter<nint>("dy"), log = k.Parameter<nint>("logSumExp");
        PtxValue dots = k.Parameter<nint>("dots"), dQkv = k.Parameter<nint>("dQkv");
        var tiles = new FlashTiles(k, variant);
        var sums = FlashText.Zeros(k, groups, variant.Width);

        var first = k.BlockX.Seen(PtxNumber.S32) * variant.Rows;
        var warpRow = (k.Thread >> 5) * (16 * groups);
        PtxValue queries = k.Shared(variant.RowsBytes, 1024), gradients = k.Shared(variant.RowsBytes, 1024);
        var own = queries + warpRow * variant.RowBytes;
        Copy(0, first, variant.Rows).Issue(queries);
        new FlashCopy(k, tiles.Layout, head.Output(dy, variant.Width), head.OutputRow, head.Tokens, first,
            variant.Rows).Issue(gradients);
        FlashCopy keys = Copy(1, 0, variant.Columns), values = Copy(2, 0, variant.Columns);

        var firstOfWarp = first + warpRow.Seen(PtxNumber.S32);
        var exponent = head.Exponent;
        var (shifts, dot) = (new PtxValue[2 * groups], new PtxValue[2 * groups]);
        for (var row = 0; row < shifts.Length; row++)
        {
            var token = firstOfWarp + (k.Lane >> 2).Seen(PtxNumber.S32) + 8 * row;
            var at = token.Wide(4).Seen(PtxNumber.U64);
            PtxValue sum = k.Variable(PtxNumber.F32, k.Single(0)), product = k.Variable(PtxNumber.F32, k.Single(0));
            var exists = token < head.Tokens;
            k.Emit(exists, $"ld.global.f32 {sum}, [{head.Statistics(log) + at}];");
            k.Emit(exists, $"ld.global.f32 {product}, [{head.Statistics(dots) + at}];");
            (shifts[row], dot[row]) = (sum * k.Single(-MathF.Log2(MathF.E)), product);
        }

        PtxValue[] left = tiles.Down(own), leftGradient = tiles.Down(gradients + warpRow * variant.RowBytes);
        var count = (head.Tokens + (variant.Columns - 1)) / variant.Columns;
        FlashText.Stream(k, variant.Stages, 2 * variant.ColumnsBytes, count, stage =>
        {
            keys.Issue(stage);
            values.Issue(stage + variant.ColumnsBytes);
        }, (stage, i) => Step(stage, i * variant.Columns));
        var scale = head.Scale;
        foreach (var sum in sums.SelectMany(g => g).SelectMany(s => s)) k.Set(sum, sum * scale);
        FlashText.Write(k, variant.Type, tiles.Layout, own, sums, head.Input(dQkv, 0), head.InputRow, firstOfWarp,
            head.Tokens);
        return k;

        FlashCopy Copy(int part, PtxValue from, int rows) =>
            new(k, tiles.Layout, head.Input(qkv, part), head.InputRow, head.Tokens, from, rows);

        // 32 keys after the other: registers hold no more beside two groups' sums.
        void Step(PtxValue stage, PtxValue key)
        {
            for (var j = 0; j < variant.Columns; j += 32)
            {
                var rows = stage + j * variant.RowBytes;
                var scores = tiles.Multiply(left, rows, 32);
                FlashText.Mask(k, scores, key + j, head.Tokens);
                var slopes = tiles.Multiply(leftGradient, rows + variant.ColumnsBytes, 32);
                for (var row = 0; row < shifts.Length; row++)
                    foreach (var (score, slope) in scores[row / 2].Zip(slopes[row / 2]))
                        for (var e = row % 2 * 2; e < row % 2 * 2 + 2; e++)
                        {
                            var p = FlashText.Power(k, score[e].MultiplyAdd(exponent, shifts[row]));
                            k.Set(slope[e], p * (slope[e] - dot[row]));
                        }
                tiles.AddWeighted(slopes, rows, sums);
            }
        }
    }
}
