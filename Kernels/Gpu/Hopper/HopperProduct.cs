using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Products by warpgroups, of compute capability 9.0 alone: <c>wgmma</c> on slices that tensor maps fetch.
/// </summary>
internal static class HopperProduct
{
    private static readonly GeneratedKernels<HopperVariant> kernels = new(variant => new GeneratedKernel(
        "Hopper.Product", HopperTile.Threads, architecture => HopperWriter.Write(variant, architecture)));

    /// <summary>The kernel of a variant; the same object every time.</summary>
    public static GeneratedKernel Kernel(HopperVariant variant) => kernels.Of(variant);

    /// <summary>Queues the product of <paramref name="entries"/> entries of a batch, or groups.</summary>
    /// <param name="device">The device.</param>
    /// <param name="cut">How it is cut.</param>
    /// <param name="product">The product as <c>mma.sync</c> would take it.</param>
    /// <param name="sizes">Sizes, but for slices' and parts'.</param>
    /// <param name="entries">Entries of the batch, or groups.</param>
    /// <param name="a">The left operand.</param>
    /// <param name="b">The right operand.</param>
    /// <param name="c">The result.</param>
    /// <param name="bias">A number for each column; may be absent.</param>
    /// <param name="residual">Like the result; may be absent.</param>
    /// <param name="wish">Sums over the columns that somebody wishes for, or null.</param>
    public static void Run(GpuDevice device, HopperCut cut, MmaVariant product, MmaSizes sizes, int entries, View a,
        View b, View c, View bias = default, View residual = default, ChannelSums? wish = null)
    {
        sizes.Slices = cut.Slices;
        long row = (long)sizes.Columns * sizes.Segments, blocks = (long)cut.Down * cut.Across(sizes) * entries;
        // Parts have results of their own, which only a contiguous result is made of afterwards.
        var isContiguous = sizes.LeadResult == row && (entries == 1 || sizes.StepResult == row * sizes.Rows);
        var parts = isContiguous ? HopperChoice.Parts(blocks, cut.Slices) : 1;
        var output = Variant(product, cut, c.DType).Output;
        using var strips = MmaStrips.Of(
            device, cut.HasStrips(sizes) ? wish : null, HopperTile.GroupRows, sizes, output, entries, parts);
        var moments = strips.Address;
        MmaProduct.RunParts(device, sizes, entries, parts, c, bias, residual,
            (in MmaSizes s, View to, View with, View other) =>
                Launch(device, cut, product, s, entries, a, b, to, with, other, moments));
        strips.Add(device);
    }

    private static HopperVariant Variant(in MmaVariant product, in HopperCut cut, DType result) =>
        new(product.Numbers, product.Left == MmaSource.Gathered ? MmaSource.Patches : product.Left, product.Right,
            false, result, cut.Tile);

    private static void Launch(GpuDevice device, in HopperCut cut, in MmaVariant product, in MmaSizes sizes,
        int entries, View a, View b, View c, View bias, View residual, nint moments)
    {
        var variant = Variant(product, cut, c.DType) with { HasMoments = moments != 0 };
        variant = variant with { WideResult = MmaChoice.IsWideResult(variant.Output.Run, c, residual, sizes) };
        var tile = ProductTuning.Pays(device, sizes, sizes.Slices * HopperTile.Slice, entries)
            ? Tuned(device, cut, variant, sizes, entries, a, b, bias, residual, moments)
            : variant.Tile;
        Queue(device, cut with { Tile = tile }, variant with { Tile = tile }, sizes, entries, a, b, c, bias, residual,
            moments);
    }

    // The strips' rows do not depend on the tile, and so the moments' bits do not depend on the choice either.
    private static HopperTile Tuned(GpuDevice device, HopperCut cut, HopperVariant variant, in MmaSizes sizes,
        int entries, View a, View b, View bias, View residual, nint moments) => ProductTuning.Choose(device,
            $"Hopper {variant}", sizes, sizes.Slices * HopperTile.Slice, entries, variant.Result,
            HopperChoice.Alternatives(variant.Tile, sizes.Columns), (HopperTile tile, in MmaSizes s, View to) =>
                Queue(device, cut with { Tile = tile }, variant with { Tile = tile }, s, entries, a, b, to, bias,
                    residual, moments));

    private static void Queue(GpuDevice device, in HopperCut cut, in HopperVariant variant, in MmaSizes sizes,
        int entries, View a, View b, View c, View bias, View residual, nint moments)
    {
        var arguments = new GpuArguments()
            .Put(device.Encode(HopperMaps.Left(variant, sizes, cut.Box, entries, a)), TensorMap.Alignment)
            .Put(device.Encode(HopperMaps.Right(variant, sizes, cut, entries, b)), TensorMap.Alignment)
            .Put(c.Address).Put(bias.Address).Put(residual.Address).Put(sizes).Put(cut.Box);
        if (variant.HasMoments) arguments.Put(moments);
        Kernel(variant).Launch(
            device, (checked(cut.Down * cut.Across(sizes)), 1, entries * sizes.Parts), arguments);
    }
}
