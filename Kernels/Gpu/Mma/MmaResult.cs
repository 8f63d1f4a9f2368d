using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Writes a warp's sums, with everything that is added to them. A thread has runs of neighbouring columns:
/// two, or eight.</summary>
internal sealed class MmaResult
{
    private readonly PtxWriter k;
    private readonly MmaOutput output;
    private readonly Func<string, PtxValue> sizes;
    private readonly PtxValue hasBeta;

    /// <summary>Prepares it.</summary>
    /// <param name="k">The kernel.</param>
    /// <param name="output">How to write.</param>
    /// <param name="sizes">Fields of <see cref="MmaSizes"/>.</param>
    public MmaResult(PtxWriter k, MmaOutput output, Func<string, PtxValue> sizes)
    {
        (this.k, this.output, this.sizes) = (k, output, sizes);
        hasBeta = sizes("Beta").UnequalTo(0);
    }

    /// <summary>The result of this entry, part and segment.</summary>
    public required PtxValue C { get; init; }

    /// <summary>The residual, likewise.</summary>
    public required PtxValue Residual { get; init; }

    /// <summary>True when there is one.</summary>
    public required PtxValue HasResidual { get; init; }

    /// <summary>The bias; 0 for none.</summary>
    public required PtxValue Bias { get; init; }

    /// <summary>The entry's first element of the bias.</summary>
    public required PtxValue FirstBias { get; init; }

    /// <summary>Takes the moments of a column that this thread has to write, where there are the column and its rows;
    /// null when nobody wants them. Eight neighbouring columns of a thread, and rows all there or all not.</summary>
    public Action<PtxValue, PtxValue, PtxValue, PtxValue>? Moments { get; init; }

    // The operands' type, of what is not float32.
    private DType Half => output.Numbers == MmaNumbers.Float16 ? DType.Float16 : DType.BFloat16;

    /// <summary>Writes the sums.</summary>
    /// <param name="sums">Of 16 rows and 8 columns each, as <c>mma.sync</c> leaves them.</param>
    /// <param name="rows">For every 16 rows the two that this thread has sums of; a row that is not there has the
    /// number of one behind the last.</param>
    /// <param name="firstColumn">First column of the warp's part.</param>
    public void Write(PtxValue[][][] sums, PtxValue[][] rows, PtxValue firstColumn)
    {
        var lane = k.Lane.Seen(PtxNumber.S32);
        var perRun = output.Run / 2;
        for (var j = 0; j < sums[0].Length; j += perRun)
        {
            var column = firstColumn + 8 * j + (lane & 3) * output.Run;
            var bias = BiasOf(column);
            var runs = rows.SelectMany((two, i) => two.Select((row, half) => (Row: row, Values: Enumerable
                .Range(0, output.Run).Select(e => sums[i][j + e / 2][2 * half + e % 2]).ToArray()))).ToArray();
            foreach (var (row, values) in runs)
                k.If(row < sizes("Rows") & column < sizes("Columns"), () => WriteRun(row, column, values, bias));
            if (Moments is null) continue;
            var (mean, squares) = new MmaMoments(k).Of(
                [.. Enumerable.Range(0, output.Run).Select(e => runs.Select(run => run.Values[e]).ToArray())]);
            var own = column + (lane >> 2);
            Moments(runs[0].Row < sizes("Rows") & own < sizes("Columns"), own, mean, squares);
        }
    }

    private PtxValue[] BiasOf(PtxValue column)
    {
        var values = k.Variables(PtxNumber.F32, output.Run);
        foreach (var value in values) k.Emit($"mov.f32 {value}, {PtxWriter.Constant(0f)};");
        var at = FirstBias + column;
        k.If(Bias.UnequalTo(0), () =>
        {
            for (var e = 0; e < values.Length; e++)
            {
                var exists = column + e < sizes("Columns");
                void Single() => k.Emit(exists,
                    $"ld.global.f32 {values[e]}, [{Bias + (at + e).Wide(4).Seen(PtxNumber.U64)}];");
                if (output.Numbers.Bytes() == 4)
                {
                    Single();
                    continue;
                }
                k.If(sizes("HalfBias").EqualTo(0), Single, () => k.If(exists, () =>
                {
                    var half = k.Load(PtxNumber.B16, "global", Bias + (at + e).Wide(2).Seen(PtxNumber.U64));
                    k.Set(values[e], PtxHalf.Widened(k, Half, half));
                }));
            }
        });
        return values;
    }

    private void WriteRun(PtxValue row, PtxValue column, PtxValue[] sums, PtxValue[] bias)
    {
        var at = ((row.Wide(sizes("LeadResult")) + column.To(PtxNumber.S64)) * output.Result.Size())
            .Seen(PtxNumber.U64);
        var values = sums.Select(sum => k.Variable(PtxNumber.F32, sum * sizes("Alpha"))).ToArray();
        k.If(hasBeta, () =>
        {
            var before = Load(C + at, column);
            for (var e = 0; e < values.Length; e++)
                k.Set(values[e], before[e].MultiplyAdd(sizes("Beta"), values[e]));
        });
        for (var e = 0; e < values.Length; e++) k.Set(values[e], values[e] + bias[e]);
        k.If(HasResidual, () =>
        {
            var other = Load(Residual + at, column);
            for (var e = 0; e < values.Length; e++) k.Set(values[e], values[e] + other[e]);
        });
        var words = Store(C + at, column, values);
        if (Moments is null) return;
        // A norm will read what was rounded.
        foreach (var (sum, value) in sums.Zip(Floats(words))) k.Set(sum, value);
    }

    private PtxValue[] Load(PtxValue address, PtxValue column)
    {
        if (output.Result == DType.Float32) return Words(PtxNumber.F32, 1);
        return Floats(output.IsWide ? Words(PtxNumber.B32, 2) : Words(PtxNumber.B16, 1));

        // Up to four registers at once, or one by one as far as there are columns.
        PtxValue[] Words(PtxNumber number, int each)
        {
            var words = k.Variables(number, output.Run / each);
            var size = number.Bits() / 8;
            for (var w = 0; w < words.Length && output.IsWide; w += 4)
                k.Emit($"ld.global{Many(words.Length)}.{number.Name()} {Group(words, w)}, [{address}+{w * size}];");
            for (var w = 0; w < words.Length && !output.IsWide; w++)
            {
                k.Emit($"mov.{number.Name()} {words[w]}, {(number == PtxNumber.F32 ? PtxWriter.Constant(0f) : "0")};");
                k.Emit(column + w < sizes("Columns"),
                    $"ld.global.{number.Name()} {words[w]}, [{address}+{w * size}];");
            }
            return words;
        }
    }

    // Words of memory as floats: one, or a half or two of them.
    private PtxValue[] Floats(PtxValue[] words) => words[0].Number switch
    {
        PtxNumber.F32 => words,
        PtxNumber.B16 => [.. words.Select(half => PtxHalf.Widened(k, Half, half))],
        _ => [.. words.SelectMany(pair =>
        {
            var halves = k.Variables(PtxNumber.B16, 2);
            k.Emit($"mov.b32 {{{halves[0]}, {halves[1]}}}, {pair};");
            return halves.Select(half => PtxHalf.Widened(k, Half, half));
        })],
    };

    // Gives back what it wrote.
    private PtxValue[] Store(PtxValue address, PtxValue column, PtxValue[] values)
    {
        var words = output.Result == DType.Float32 ? values
            : output.IsWide ? [.. values.Chunk(2).Select(pair => PtxHalf.Pair(k, Half, pair[0], pair[1]))]
            : [.. values.Select(value => PtxHalf.Rounded(k, Half, value))];
        var (type, size) = (words[0].Number.Name(), words[0].Number.Bits() / 8);
        for (var w = 0; w < words.Length && output.IsWide; w += 4)
            k.Emit($"st.global{Many(words.Length)}.{type} [{address}+{w * size}], {Group(words, w)};");
        for (var w = 0; w < words.Length && !output.IsWide; w++)
            k.Emit(column + w < sizes("Columns"), $"st.global.{type} [{address}+{w * size}], {words[w]};");
        return words;
    }

    private static string Many(int words) => words == 1 ? "" : $".v{Math.Min(4, words)}";

    private static string Group(PtxValue[] words, int first) => words.Length == 1 ? words[0].ToString()
        : $"{{{string.Join(", ", words.Skip(first).Take(4))}}}";
}
