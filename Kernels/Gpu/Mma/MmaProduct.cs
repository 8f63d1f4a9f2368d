using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Products on the tensor cores, of compute capability 8.0 and later.</summary>
internal static unsafe class MmaProduct
{
    private static readonly GeneratedKernels<MmaVariant> kernels = new(variant => new GeneratedKernel(
        "Mma.Product", variant.Tile.Threads, architecture => MmaWriter.Write(variant, architecture)));

    /// <summary>The kernel of a variant; the same object every time.</summary>
    public static GeneratedKernel Kernel(MmaVariant variant) => kernels.Of(variant);

    /// <summary>Queues the product of <paramref name="entries"/> entries of a batch, or groups.</summary>
    /// <param name="device">The device.</param>
    /// <param name="variant">The kernel, but for how it writes, which is found here.</param>
    /// <param name="sizes">Sizes, but for the parts'.</param>
    /// <param name="entries">Entries of the batch, or groups.</param>
    /// <param name="parts">Parts of the depth: more than one have results of their own that are added up afterwards,
    /// for which the whole result must be contiguous.</param>
    /// <param name="a">The left operand.</param>
    /// <param name="b">The right operand.</param>
    /// <param name="c">The result.</param>
    /// <param name="bias">A number for each column; may be absent.</param>
    /// <param name="residual">Like the result; may be absent.</param>
    /// <param name="wish">Sums over the columns that somebody wishes for, or null.</param>
    public static void Run(GpuDevice device, MmaVariant variant, MmaSizes sizes, int entries, int parts, View a, View b,
        View c, View bias = default, View residual = default, ChannelSums? wish = null)
    {
        if (HopperChoice.Cut(device, variant, sizes, entries, a, b) is { } cut)
        {
            HopperProduct.Run(device, cut, variant, sizes, entries, a, b, c, bias, residual, wish);
            return;
        }
        using var strips = MmaStrips.Of(device, wish, variant.Tile.WarpRows, sizes, variant.Output, entries, parts);
        var (kernel, moments) = (variant with { HasMoments = strips.Exist }, strips.Address);
        RunParts(device, sizes, entries, parts, c, bias, residual,
            (in MmaSizes s, View to, View with, View other) =>
                Launch(device, kernel with { Result = to.DType }, s, entries, a, b, to, with, other, moments));
        strips.Add(device);
    }

    /// <summary>Launches the kernel of a product.</summary>
    /// <param name="sizes">All sizes.</param>
    /// <param name="c">The result, or the parts' sums.</param>
    /// <param name="bias">A number for each column; may be absent.</param>
    /// <param name="residual">Like the result; may be absent.</param>
    internal delegate void Launcher(in MmaSizes sizes, View c, View bias, View residual);

    /// <summary>Queues a product, and the addition of its parts where it has several.</summary>
    internal static void RunParts(GpuDevice device, MmaSizes sizes, int entries, int parts, View c, View bias,
        View residual, Launcher launch)
    {
        // The parts of a gradient's columns are in another order than the result's.
        if (parts == 1 && sizes.Segments == 1)
        {
            (sizes.PartSlices, sizes.Parts) = (Math.Max(1, sizes.Slices), 1);
            launch(sizes, c, bias, residual);
            return;
        }
        var count = (long)entries * sizes.Rows * sizes.Columns * sizes.Segments;
        sizes.PartSlices = Math.Max(1, (sizes.Slices + parts - 1) / parts);
        sizes.Parts = Math.Max(1, (sizes.Slices + sizes.PartSlices - 1) / sizes.PartSlices);
        using var scratch = new Scratch(device, sizes.Parts * count * sizeof(float));
        var sums = new View((nint)scratch.F32, sizes.Parts * count, DType.Float32);
        launch(sizes with { StepPart = count, Alpha = 1, Beta = 0 }, sums, default, default);
        MmaSum.Run(device, sums, sizes, new View(c.Address, count, c.DType), bias, residual);
    }

    private static void Launch(GpuDevice device, MmaVariant variant, in MmaSizes sizes, int entries, View a, View b,
        View c, View bias, View residual, nint moments)
    {
        variant = variant with { WideResult = MmaChoice.IsWideResult(variant.Run, c, residual, sizes) };
        if (ProductTuning.Pays(device, sizes, sizes.Slices * variant.Slice, entries))
            variant = variant with { Tile = Tuned(device, variant, sizes, entries, a, b, bias, residual, moments) };
        Queue(device, variant, sizes, entries, a, b, c, bias, residual, moments);
    }

    // All alternatives have strips of as many rows, so that the moments' bits do not depend on the choice either.
    private static MmaTile Tuned(GpuDevice device, MmaVariant variant, in MmaSizes sizes, int entries, View a, View b,
        View bias, View residual, nint moments) => ProductTuning.Choose(device, $"Mma {variant}", sizes,
            sizes.Slices * variant.Slice, entries, variant.Result, MmaChoice.Alternatives(variant, sizes.Columns),
            (MmaTile tile, in MmaSizes s, View to) =>
                Queue(device, variant with { Tile = tile }, s, entries, a, b, to, bias, residual, moments));

    private static void Queue(GpuDevice device, MmaVariant variant, in MmaSizes sizes, int entries, View a, View b,
        View c, View bias, View residual, nint moments)
    {
        var tile = variant.Tile;
        var across = (sizes.Columns + tile.Columns - 1) / tile.Columns * sizes.Segments;
        var down = (sizes.Rows + tile.Rows - 1) / tile.Rows;
        var arguments = new GpuArguments()
            .Put(a.Address).Put(b.Address).Put(c.Address).Put(bias.Address).Put(residual.Address).Put(sizes);
        if (variant.HasMoments) arguments.Put(moments);
        Kernel(variant).Launch(device, (checked(across * down), 1, entries * sizes.Parts), arguments);
    }
}
