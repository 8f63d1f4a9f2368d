using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class Conv2d
{
    /// <summary>y on the tensor cores: rows are places of the filters, the depth runs over taps and channels.</summary>
    internal static void ForwardMma(GpuDevice device, in Conv2dArgs args, MmaNumbers numbers, MmaTile? tile = null)
    {
        var g = args.Geometry;
        // Filters of one pixel, one beside the other: the image is a matrix.
        var isMatrix = g is { Taps: 1, Stride: { H: 1, W: 1 }, Padding: { H: 0, W: 0 } };
        Product(device, args, numbers, tile, ConvDirection.Forward, isMatrix ? MmaSource.Rows : MmaSource.Patches,
            new MmaSizes
            {
                Left = new() { Step = g.GroupChannels, Lead = g.Channels, Depth = g.GroupChannels },
                Window = Window(g, g.OutHeight, g.OutWidth, g.Height, g.Width),
                Rows = checked(g.Batch * g.OutHeight * g.OutWidth),
                Columns = g.GroupFilters,
                LeadResult = g.Filters,
            });
    }

    /// <summary>dx on the tensor cores: rows are pixels, the depth runs over taps and filters.</summary>
    internal static void InputGradientMma(
        GpuDevice device, in Conv2dArgs args, MmaNumbers numbers, MmaTile? tile = null)
    {
        var g = args.Geometry;
        Product(device, args, numbers, tile, ConvDirection.InputGradient, MmaSource.Gathered, new MmaSizes
        {
            Left = new() { Step = g.GroupFilters, Lead = g.Filters, Depth = g.GroupFilters },
            Window = Window(g, g.Height, g.Width, g.OutHeight, g.OutWidth),
            Rows = checked(g.Batch * g.Height * g.Width),
            Columns = g.GroupChannels,
            LeadResult = g.Channels,
        });
    }

    /// <summary>dW on the tensor cores: rows are filters, columns taps and channels, and the depth runs over the
    /// filters' places.</summary>
    internal static void WeightGradientMma(
        GpuDevice device, in Conv2dWeightGradientArgs args, MmaNumbers numbers, MmaTile? tile = null)
    {
        var g = args.Geometry;
        var places = checked(g.Batch * g.OutHeight * g.OutWidth);
        var (wideDY, wideX) = (MmaChoice.IsWide(numbers, args.DY, g.Filters, g.GroupFilters),
            MmaChoice.IsWide(numbers, args.X, g.Channels, g.GroupChannels));
        var cut = tile
            ?? MmaChoice.Tile(numbers, wideDY && wideX, g.GroupFilters, g.GroupChannels, g.Taps, g.Groups);
        var variant = new MmaVariant(numbers, MmaSource.Columns, MmaSource.Pixels, wideDY, wideX, false,
            args.DWeight.DType, cut);
        var sizes = new MmaSizes
        {
            Left = new() { Step = g.GroupFilters, Lead = g.Filters, Depth = places },
            Right = new() { Step = g.GroupChannels, Lead = g.Channels, Depth = places },
            Window = Window(g, g.OutHeight, g.OutWidth, g.Height, g.Width),
            StepResult = (long)g.GroupFilters * g.GroupChannels * g.Taps,
            LeadResult = g.GroupChannels * g.Taps,
            Rows = g.GroupFilters,
            Columns = g.GroupChannels,
            Segments = g.Taps,
            Slices = (places + variant.Slice - 1) / variant.Slice,
            Alpha = 1,
        };
        MmaProduct.Run(device, variant, sizes, g.Groups, MmaChoice.Parts(cut, sizes, g.Groups), args.DY, args.X,
            args.DWeight);
    }

    private static void Product(GpuDevice device, in Conv2dArgs args, MmaNumbers numbers, MmaTile? tile,
        ConvDirection direction, MmaSource source, MmaSizes sizes)
    {
        var g = args.Geometry;
        if (sizes.Rows == 0) return;
        var form = new Conv2dGpuForm(g, direction, numbers.Stored(), args.Weight.DType);
        var packs = !args.Packed.Exists && form.IsNeeded;
        using var scratch = new Scratch(device, packs ? form.Bytes : 0);
        var weight = args.Packed.Exists ? args.Packed
            : packs ? new View((nint)scratch.F32, form.Bytes / numbers.Bytes(), numbers.Stored()) : args.Weight;
        if (packs) form.Pack(device, args.Weight, weight);
        var wideInput = MmaChoice.IsWide(numbers, args.Input, sizes.Left.Lead, sizes.Left.Depth);
        var wideWeight = weight.Address % 16 == 0;
        var cut = tile
            ?? MmaChoice.Tile(numbers, wideInput && wideWeight, sizes.Rows, sizes.Columns, 1, g.Groups);
        var variant = new MmaVariant(numbers, source, MmaSource.Rows, wideInput, wideWeight, false,
            args.Output.DType, cut);
        var taps = source == MmaSource.Rows ? 1 : g.Taps;
        sizes.Right = new()
        {
            Step = (long)sizes.Columns * g.Taps * form.Depth,
            Lead = g.Taps * form.Depth,
            Depth = form.Depth,
        };
        sizes.StepResult = sizes.StepBias = sizes.Columns;
        sizes.Segments = 1;
        sizes.Slices = taps * ((sizes.Left.Depth + variant.Slice - 1) / variant.Slice);
        sizes.HalfBias = args.Bias.Exists && args.Bias.DType != DType.Float32 ? 1 : 0;
        sizes.Alpha = 1;
        MmaProduct.Run(device, variant, sizes, g.Groups, g.Groups == 1 ? MmaChoice.Parts(cut, sizes, 1) : 1,
            args.Input, weight, args.Output, args.Bias, args.Residual, args.Sums);
    }

    private static MmaWindow Window(Conv2dGeometry g, int gridHeight, int gridWidth, int height, int width) => new()
    {
        GridHeight = new(gridHeight),
        GridWidth = new(gridWidth),
        ImageHeight = height,
        ImageWidth = width,
        KernelWidth = g.Kernel.W,
        PaddingH = g.Padding.H,
        PaddingW = g.Padding.W,
        DilationH = g.Dilation.H,
        DilationW = g.Dilation.W,
        StrideH = new(g.Stride.H),
        StrideW = new(g.Stride.W),
    };
}
