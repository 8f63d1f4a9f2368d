using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Writes the text of a product on the tensor cores: C = alpha A B + beta C + bias + residual. Slices of both
/// operands are copied to shared memory while earlier ones are multiplied; a warp keeps its sums in registers, and
/// writes them with everything that is added.</summary>
internal static class MmaWriter
{
    /// <summary>The text of a variant for an architecture of at least 80.</summary>
    public static PtxWriter Write(MmaVariant variant, int architecture)
    {
        var tile = variant.Tile;
        var k = new PtxWriter("Product", tile.Threads, architecture);
        var (a, b, c) = (k.Parameter<nint>("a"), k.Parameter<nint>("b"), k.Parameter<nint>("c"));
        var (bias, residual) = (k.Parameter<nint>("bias"), k.Parameter<nint>("residual"));
        var sizes = k.Struct<MmaSizes>("sizes");
        var moments = variant.HasMoments ? k.Parameter<nint>("moments") : default;

        k.Comment("The block's tile: columns first, so that neighbours read the same rows.");
        var tilesOfSegment = (sizes("Columns") + (tile.Columns - 1)) / tile.Columns;
        var tilesAcross = tilesOfSegment * sizes("Segments");
        var block = k.BlockX.Seen(PtxNumber.S32);
        var tileRow = block / tilesAcross;
        var across = block - tileRow * tilesAcross;
        var segment = across / tilesOfSegment;
        var firstRow = tileRow * tile.Rows;
        var firstColumn = (across - segment * tilesOfSegment) * tile.Columns;
        var z = k.BlockZ.Seen(PtxNumber.S32);
        var entry = z / sizes("Parts");
        var part = z - entry * sizes("Parts");
        var firstSlice = part * sizes("PartSlices");
        var slices = (sizes("Slices") - firstSlice).Min(sizes("PartSlices"));

        var depth = new MmaDepth(k, variant.Slice, variant.WalksTaps, sizes, firstSlice);
        var left = new MmaCopy(k, variant, true, sizes, a + Offset("Left"), firstRow, segment, depth);
        var right = new MmaCopy(k, variant, false, sizes, b + Offset("Right"), firstColumn, segment, depth);
        var shared = k.Shared(tile.SharedBytes, 1024);
        var warp = (k.Thread >> 5).Seen(PtxNumber.S32);
        var rowOfWarp = warp / tile.WarpsAcross * tile.WarpRows;
        var columnOfWarp = warp % tile.WarpsAcross * tile.WarpColumns;
        var sums = Multiply(k, variant, shared, slices, depth, left, right, rowOfWarp, columnOfWarp);

        var result = new MmaResult(k, variant.Output, sizes)
        {
            C = Place(c, variant.Result),
            Residual = Place(residual, variant.Result),
            HasResidual = residual.UnequalTo(0),
            Bias = bias,
            FirstBias = entry * sizes("StepBias"),
            Moments = variant.HasMoments ? WriteMoments : null,
        };
        var row = firstRow + rowOfWarp + (k.Lane >> 2).Seen(PtxNumber.S32);
        result.Write(sums, [.. sums.Select((_, i) => new[] { row + 16 * i, row + (16 * i + 8) })],
            firstColumn + columnOfWarp);
        return k;

        // A warp's rows are a strip.
        void WriteMoments(PtxValue exists, PtxValue column, PtxValue mean, PtxValue squares) =>
            k.If(exists, () =>
            {
                var strip = tileRow * (tile.Rows / tile.WarpRows) + warp / tile.WarpsAcross;
                var place = strip.Wide(sizes("Columns")) + column.To(PtxNumber.S64);
                k.Emit($"st.global.v2.f32 [{moments + (place * 8).Seen(PtxNumber.U64)}], {{{mean}, {squares}}};");
            });

        PtxValue Offset(string side) => (entry.To(PtxNumber.S64) * sizes($"{side}.Step")
            * variant.Numbers.Bytes()).Seen(PtxNumber.U64);

        PtxValue Place(PtxValue address, DType type) => address + ((entry.To(PtxNumber.S64) * sizes("StepResult")
            + part.To(PtxNumber.S64) * sizes("StepPart") + (segment * sizes("Columns")).To(PtxNumber.S64))
            * type.Size()).Seen(PtxNumber.U64);
    }

    private static PtxValue[][][] Multiply(PtxWriter k, MmaVariant variant, PtxValue shared, PtxValue slices,
        MmaDepth depth, MmaCopy left, MmaCopy right, PtxValue rowOfWarp, PtxValue columnOfWarp)
    {
        var tile = variant.Tile;
        var rightAt = variant.LeftLayout.Bytes;
        var leftFragments =
            new MmaFragments(k, variant.LeftLayout, true, rowOfWarp.Seen(PtxNumber.U32), tile.WarpRows);
        var rightFragments =
            new MmaFragments(k, variant.RightLayout, false, columnOfWarp.Seen(PtxNumber.U32), tile.WarpColumns);
        var sums = Zeros(k, tile);

        k.Comment("The first slices.");
        for (var s = 0; s < tile.Stages - 1; s++)
        {
            var stage = shared + s * tile.StageBytes;
            k.If(slices > s, () => Issue(stage));
            k.Emit("cp.async.commit_group;");
        }
        var reading = k.Variable(PtxNumber.U32, shared);
        var writing = k.Variable(PtxNumber.U32, shared + (tile.Stages - 1) * tile.StageBytes);
        var end = shared + tile.SharedBytes;
        k.For(0, slices, 1, slice =>
        {
            k.Comment("A slice has come for all; the one before it may be overwritten.");
            k.Emit($"cp.async.wait_group {tile.Stages - 2};");
            k.Barrier();
            k.If(slice + (tile.Stages - 1) < slices, () => Issue(writing));
            k.Emit("cp.async.commit_group;");
            for (var step = 0; step < tile.DepthBytes / 32; step++)
                Step(k, variant.Numbers, leftFragments.Load(reading, step),
                    rightFragments.Load(reading + rightAt, step), sums);
            Next(reading);
            Next(writing);
        });
        return sums;

        void Issue(PtxValue stage)
        {
            left.Issue(stage);
            right.Issue(stage + rightAt);
            depth.Advance();
        }

        void Next(PtxValue stage)
        {
            k.Set(stage, stage + tile.StageBytes);
            k.Set(stage, stage.EqualTo(end).Choose(shared, stage));
        }
    }

    private static PtxValue[][][] Zeros(PtxWriter k, MmaTile tile)
    {
        var sums = new PtxValue[tile.WarpRows / 16][][];
        for (var i = 0; i < sums.Length; i++)
        {
            sums[i] = new PtxValue[tile.WarpColumns / 8][];
            for (var j = 0; j < sums[i].Length; j++)
            {
                sums[i][j] = k.Variables(PtxNumber.F32, 4);
                foreach (var sum in sums[i][j]) k.Emit($"mov.f32 {sum}, {PtxWriter.Constant(0f)};");
            }
        }
        return sums;
    }

    // Sums of one step along the depth. Pairs: what is left of a number when its TF32 part is taken away is a TF32
    // number again to within 2⁻²² of it; the product of two such rests is below that.
    private static void Step(PtxWriter k, MmaNumbers numbers, PtxValue[][] a, PtxValue[][] b, PtxValue[][][] sums)
    {
        if (numbers.Bytes() == 2)
        {
            Multiply(a, b);
            return;
        }
        var (largeA, largeB) = (Rounded(a), Rounded(b));
        if (numbers == MmaNumbers.Tf32Pairs)
        {
            Multiply(Rest(a, largeA), largeB);
            Multiply(largeA, Rest(b, largeB));
        }
        Multiply(largeA, largeB);

        PtxValue[][] Rounded(PtxValue[][] fragments) => [.. fragments.Select(f => f.Select(x =>
            k.Make(PtxNumber.B32, $"cvt.rna.tf32.f32 {{0}}, {x.Seen(PtxNumber.F32)};")).ToArray())];

        PtxValue[][] Rest(PtxValue[][] all, PtxValue[][] large) => Rounded([.. all.Zip(large, (f, l) =>
            f.Zip(l, (x, y) => (x.Seen(PtxNumber.F32) - y.Seen(PtxNumber.F32)).Seen(PtxNumber.B32)).ToArray())]);

        void Multiply(PtxValue[][] x, PtxValue[][] y)
        {
            var depth = numbers.Bytes() == 2 ? 16 : 8;
            for (var i = 0; i < sums.Length; i++)
                for (var j = 0; j < sums[i].Length; j++)
                {
                    var sum = $"{{{string.Join(", ", sums[i][j])}}}";
                    k.Emit($"mma.sync.aligned.m16n8k{depth}.row.col.f32.{numbers.Name()}.{numbers.Name()}.f32 {sum}, "
                        + $"{{{string.Join(", ", x[i])}}}, {{{string.Join(", ", y[j])}}}, {sum};");
                }
        }
    }
}
