namespace Diffract.Kernels;

/// <summary>Writes the text of the gradients of keys and values. A block keeps keys, and a key is a row of everything:
/// so weights and slopes come out of one product as the next one's left operand has them. dv = sum over queries of
/// p dy, dk = scale sum over queries of p (dy · v - dy · y) q.</summary>
internal static class FlashKeyGradient
{
    /// <summary>The text of a variant for an architecture of at least 80.</summary>
    public static PtxWriter Write(FlashVariant variant, int architecture)
    {
        var k = variant.Writer("KeyGradient", architecture);
        var head = new FlashHead(k);
        PtxValue qkv = k.Parameter<nint>("qkv"), dy = k.Parameter<nint>("dy"), log = k.Parameter<nint>("logSumExp");
        PtxValue dots = k.Parameter<nint>("dots"), dQkv = k.Parameter<nint>("dQkv");
        var tiles = new FlashTiles(k, variant);
        var keySums = FlashText.Zeros(k, variant.Groups, variant.Width);
        var valueSums = FlashText.Zeros(k, variant.Groups, variant.Width);

        var first = k.BlockX.Seen(PtxNumber.S32) * variant.Rows;
        var warpRow = (k.Thread >> 5) * (16 * variant.Groups);
        PtxValue keys = k.Shared(variant.RowsBytes, 1024), values = k.Shared(variant.RowsBytes, 1024);
        PtxValue ownKeys = keys + warpRow * variant.RowBytes, ownValues = values + warpRow * variant.RowBytes;
        Copy(1, first, variant.Rows).Issue(keys);
        Copy(2, first, variant.Rows).Issue(values);
        var queries = Copy(0, 0, variant.Columns);
        var gradients = new FlashCopy(k, tiles.Layout, head.Output(dy, variant.Width), head.OutputRow, head.Tokens, 0,
            variant.Columns);
        var statistics = new Statistics(k, head, log, dots, variant.Columns);

        PtxValue[] left = tiles.Down(ownKeys), leftValues = tiles.Down(ownValues);
        var exponent = head.Exponent;
        var count = (head.Tokens + (variant.Columns - 1)) / variant.Columns;
        // Behind the last token everything is zero: a weight of 1 for nothing.
        FlashText.Stream(k, variant.Stages, 2 * variant.ColumnsBytes + 8 * variant.Columns, count, stage =>
        {
            queries.Issue(stage);
            gradients.Issue(stage + variant.ColumnsBytes);
            statistics.Issue(stage + 2 * variant.ColumnsBytes);
        }, Step);

        var scale = head.Scale;
        foreach (var sum in keySums.SelectMany(g => g).SelectMany(s => s)) k.Set(sum, sum * scale);
        var firstOfWarp = first + warpRow.Seen(PtxNumber.S32);
        FlashText.Write(k, variant.Type, tiles.Layout, ownKeys, keySums, head.Input(dQkv, 1), head.InputRow,
            firstOfWarp, head.Tokens);
        FlashText.Write(k, variant.Type, tiles.Layout, ownValues, valueSums, head.Input(dQkv, 2), head.InputRow,
            firstOfWarp, head.Tokens);
        return k;

        FlashCopy Copy(int part, PtxValue from, int rows) =>
            new(k, tiles.Layout, head.Input(qkv, part), head.InputRow, head.Tokens, from, rows);

        // 16 queries after the other: registers hold no more beside the sums.
        void Step(PtxValue stage, PtxValue _)
        {
            var ofLane = stage + ((k.Lane & 3) << 3);
            for (var query = 0; query < variant.Columns; query += 16)
            {
                var rows = stage + query * variant.RowBytes;
                var gradientRows = rows + variant.ColumnsBytes;
                var weights = tiles.Multiply(left, rows, 16);
                var slopes = tiles.Multiply(leftValues, gradientRows, 16);
                for (var j = 0; j < 2; j++)
                {
                    var at = 2 * variant.ColumnsBytes + 4 * (query + 8 * j);
                    var (log, dot) = (Pair(ofLane, at), Pair(ofLane, at + 4 * variant.Columns));
                    for (var e = 0; e < 2; e++)
                    {
                        var shift = log[e] * k.Single(-MathF.Log2(MathF.E));
                        for (var g = 0; g < variant.Groups; g++)
                            for (var i = e; i < 4; i += 2)
                            {
                                var (p, slope) = (weights[g][j][i], slopes[g][j][i]);
                                k.Set(p, FlashText.Power(k, p.MultiplyAdd(exponent, shift)));
                                k.Set(slope, p * (slope - dot[e]));
                            }
                    }
                }
                tiles.AddWeighted(weights, gradientRows, valueSums);
                tiles.AddWeighted(slopes, rows, keySums);
            }
        }

        PtxValue[] Pair(PtxValue address, int offset)
        {
            var pair = k.Variables(PtxNumber.F32, 2);
            k.Emit($"ld.shared.v2.f32 {FlashText.List(pair)}, [{address}+{offset}];");
            return pair;
        }
    }

    /// <summary>Copies two floats of every query: of the logarithms first, then of the dots; a thread has one number.
    /// </summary>
    private sealed class Statistics
    {
        private readonly PtxWriter k;
        private readonly PtxValue place, row, tokens, from, isMine;
        private readonly int columns;

        public Statistics(PtxWriter k, FlashHead head, PtxValue log, PtxValue dots, int columns)
        {
            (this.k, tokens, this.columns) = (k, head.Tokens, columns);
            place = k.Thread << 2;
            isMine = k.Thread < 2 * columns;
            row = k.Variable(PtxNumber.S32, (k.Thread % columns).Seen(PtxNumber.S32));
            from = k.Variable(PtxNumber.U64, (k.Thread < columns).Choose(head.Statistics(log), head.Statistics(dots))
                + row.Wide(4).Seen(PtxNumber.U64));
        }

        public void Issue(PtxValue target)
        {
            var size = (row < tokens).Choose(4, 0);
            k.Emit(isMine, $"cp.async.ca.shared.global [{target + place}], [{from}], 4, {size};");
            k.Set(row, row + columns);
            k.Set(from, from + 4 * columns);
        }
    }
}
