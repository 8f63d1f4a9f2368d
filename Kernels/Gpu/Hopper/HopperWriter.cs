using System.Numerics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Writes the text of a product for warpgroups: C = alpha A B + beta C + bias + residual. The first warpgroup
/// has few registers and fetches slices of both operands through the tensor maps, the others have many and multiply.
/// </summary>
internal static class HopperWriter
{
    // Registers of a thread that fetches, and of one that multiplies: together as many as 168 for each.
    private const int FewRegisters = 40, ManyRegisters = 232;

    /// <summary>The text of a variant for architecture 90.</summary>
    public static PtxWriter Write(HopperVariant variant, int architecture)
    {
        var k = new PtxWriter("WarpgroupProduct", HopperTile.Threads, architecture)
        {
            Target = "90a",
            Version = "8.0",
            BlocksAtOnce = 1,
        };
        var (left, right) = (k.TensorMap("left"), k.TensorMap("right"));
        var (c, bias, residual) = (k.Parameter<nint>("c"), k.Parameter<nint>("bias"), k.Parameter<nint>("residual"));
        var sizes = k.Struct<MmaSizes>("sizes");
        var box = k.Struct<HopperBox>("box");
        var stripsAt = variant.HasMoments ? k.Parameter<nint>("moments") : default;

        k.Comment("The block's tile: columns first, so that neighbours read the same rows.");
        var columns = variant.Tile.Columns;
        var tilesOfSegment = (sizes("Columns") + (columns - 1)) / columns;
        var tilesAcross = tilesOfSegment * sizes("Segments");
        var block = k.BlockX.Seen(PtxNumber.S32);
        var tileRow = block / tilesAcross;
        var across = block - tileRow * tilesAcross;
        var segment = across / tilesOfSegment;
        var firstColumn = (across - segment * tilesOfSegment) * columns;
        var places = variant.WalksTaps ? HopperPlaces.Of(box, tileRow) : default;
        var firstRow = tileRow * HopperTile.Rows;
        var z = k.BlockZ.Seen(PtxNumber.S32);
        var entry = z / sizes("Parts");
        var part = z - entry * sizes("Parts");
        var firstSlice = part * sizes("PartSlices");
        var slices = (sizes("Slices") - firstSlice).Min(sizes("PartSlices"));

        var ring = new HopperRing(k, variant.Tile);
        var warp = k.Uniform(k.Thread >> 5);
        k.If(warp < HopperTile.GroupThreads / 32, () =>
        {
            k.Emit($"setmaxnreg.dec.sync.aligned.u32 {FewRegisters};");
            k.If(warp.EqualTo(0), () => k.If(k.Elected(), () =>
            {
                foreach (var map in new[] { left, right }) k.Emit($"prefetch.tensormap [{map}];");
                new HopperFetch(k, variant, sizes, box)
                {
                    Maps = (left, right),
                    Rows = (firstRow, places),
                    FirstColumn = firstColumn,
                    Tap = segment,
                    Entry = entry,
                }.Run(ring, firstSlice, slices);
            }));
        }, () =>
        {
            k.Emit($"setmaxnreg.inc.sync.aligned.u32 {ManyRegisters};");
            var group = (warp >> 2) - 1;
            var sums = new HopperMultiply(k, variant).Run(ring, slices, group);
            var row = ((warp - HopperTile.GroupThreads / 32) * 16 + (k.Lane >> 2)).Seen(PtxNumber.S32);
            var moments = variant.HasMoments ? new HopperMoments(k, variant.Tile, group, firstColumn) : null;
            var rows = RowsOf(row);
            new MmaResult(k, variant.Output, sizes)
            {
                C = Place(c),
                Residual = Place(residual),
                HasResidual = residual.UnequalTo(0),
                Bias = bias,
                FirstBias = entry * sizes("StepBias"),
                Moments = moments is null ? null : moments.Take,
            }.Write([HopperExchange.Run(k, variant.Output, sums)], [rows], firstColumn);
            moments?.Write(rows[0] < sizes("Rows"),
                stripsAt + StripOf(group).Wide(sizes("Columns") * 8).Seen(PtxNumber.U64), sizes("Columns"));
        });
        return k;

        // A thread's rows of the result.
        PtxValue[] RowsOf(PtxValue row) => [.. new[] { row, row + 8 }.Select(r => !variant.WalksTaps ? firstRow + r
            : places.Number(box, sizes, r, sizes("Rows")))];

        // The number of a warpgroup's rows among all strips, of which those of an image follow one another. A box is of
        // one image, or of one for each warpgroup.
        PtxValue StripOf(PtxValue group)
        {
            if (!variant.WalksTaps) return (tileRow * HopperTile.Consumers + group).Seen(PtxNumber.S32);
            // 0 where each warpgroup has an image, 1 where both have the same.
            var isShared = box("WidthBits") + box("HeightBits") - BitOperations.Log2(HopperTile.GroupRows);
            var boxes = box("Across") * box("Down");
            var image = places.Image + (group.Seen(PtxNumber.S32) >> isShared);
            return (image * boxes + tileRow % boxes << isShared) + (group & isShared);
        }

        PtxValue Place(PtxValue address) => address + ((entry.To(PtxNumber.S64) * sizes("StepResult")
            + part.To(PtxNumber.S64) * sizes("StepPart") + (segment * sizes("Columns")).To(PtxNumber.S64))
            * variant.Result.Size()).Seen(PtxNumber.U64);
    }
}
