using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Tests.Kernels.Gpu.Hopper;

/// <summary>A convolution of unit stride; images are [N, height, width, channels], weights [columns, taps, depth].
/// </summary>
internal sealed record HopperConvolution(int Images, int Height, int Width, int Channels, int Filters)
{
    public Pair Kernel { get; init; } = 3;

    public Pair Padding { get; init; } = 1;

    public Pair Dilation { get; init; } = 1;

    public int Groups { get; init; } = 1;

    /// <summary>True to add a bias and a residual.</summary>
    public bool Adds { get; init; }

    private int Taps => Kernel.H * Kernel.W;

    private int OutHeight => Height + 2 * Padding.H - Dilation.H * (Kernel.H - 1);

    private int OutWidth => Width + 2 * Padding.W - Dilation.W * (Kernel.W - 1);

    private int GroupChannels => Channels / Groups;

    private int GroupFilters => Filters / Groups;

    public override string ToString() => $"{Images}x{Height}x{Width} {Channels}>{Filters} {Kernel.H}x{Kernel.W}"
        + $" p{Padding.H},{Padding.W} d{Dilation.H},{Dilation.W} g{Groups}{(Adds ? " adds" : "")}";

    /// <summary>Where y is wrong; null for nowhere.</summary>
    public string? Forward(GpuDevice device, MmaNumbers numbers, HopperTile? tile) => Error(device, numbers, tile,
        MmaSource.Patches, (OutHeight, OutWidth), (Height, Width), GroupFilters, GroupChannels);

    /// <summary>Where dx is wrong.</summary>
    public string? InputGradient(GpuDevice device, MmaNumbers numbers, HopperTile? tile) => Error(device, numbers,
        tile, MmaSource.Gathered, (Height, Width), (OutHeight, OutWidth), GroupChannels, GroupFilters);

    private string? Error(GpuDevice device, MmaNumbers numbers, HopperTile? tile, MmaSource source,
        (int H, int W) grid, (int H, int W) image, int columns, int depth)
    {
        var lab = new HopperLab(device, numbers);
        var forward = source == MmaSource.Patches;
        var rows = Images * grid.H * grid.W;
        var x = lab.Random(1, Images * image.H * image.W * Groups * depth);
        var weight = lab.Random(2, Groups * columns * Taps * depth);
        double[] bias = lab.Random(3, Groups * columns), residual = lab.Random(4, rows * Groups * columns);
        View a = lab.Put(x, lab.Half), b = lab.Put(weight, lab.Half);
        var c = lab.Put(new double[residual.Length], lab.Half);
        var product = new MmaVariant(numbers, source, MmaSource.Rows, true, true, false, lab.Half, MmaTile.Small);
        var sizes = new MmaSizes
        {
            Left = new() { Step = depth, Lead = Groups * depth, Depth = depth },
            Right = new() { Step = (long)columns * Taps * depth, Lead = Taps * depth, Depth = depth },
            Window = Window(grid, image),
            StepResult = columns,
            StepBias = columns,
            LeadResult = Groups * columns,
            Rows = rows,
            Columns = columns,
            Segments = 1,
            Slices = Taps * ((depth + product.Slice - 1) / product.Slice),
            Alpha = 1,
        };
        var cut = tile is { } t ? HopperCut.Of(t, product, sizes)
            : HopperChoice.Cut(device, product, sizes, Groups, a, b)!.Value;
        HopperProduct.Run(device, cut, product, sizes, Groups, a, b, c,
            Adds ? lab.Put(bias, DType.Float32) : default, Adds ? lab.Put(residual, lab.Half) : default);
        var error = lab.Difference(c, Taps * depth, i =>
        {
            int column = i % (Groups * columns), place = i / (Groups * columns), group = column / columns;
            var (n, h, w) = (place / (grid.H * grid.W), place / grid.W % grid.H, place % grid.W);
            double sum = 0, magnitude = 0;
            for (var tap = 0; tap < Taps; tap++)
            {
                var sign = forward ? 1 : -1;
                var p = h + sign * (tap / Kernel.W * Dilation.H - Padding.H);
                var q = w + sign * (tap % Kernel.W * Dilation.W - Padding.W);
                if (p < 0 || p >= image.H || q < 0 || q >= image.W) continue;
                for (var d = 0; d < depth; d++)
                {
                    var term = x[((n * image.H + p) * image.W + q) * Groups * depth + group * depth + d]
                        * weight[(column * Taps + tap) * depth + d];
                    sum += term;
                    magnitude += Math.Abs(term);
                }
            }
            return !Adds ? (sum, magnitude)
                : (sum + bias[column] + residual[i], magnitude + Math.Abs(bias[column]) + Math.Abs(residual[i]));
        });
        lab.Clear();
        return error;
    }

    /// <summary>Where dW is wrong: float32 [filters, channels, taps].</summary>
    public string? WeightGradient(GpuDevice device, MmaNumbers numbers, HopperTile? tile)
    {
        var lab = new HopperLab(device, numbers);
        var places = Images * OutHeight * OutWidth;
        double[] x = lab.Random(1, Images * Height * Width * Channels), dy = lab.Random(2, places * Filters);
        View a = lab.Put(dy, lab.Half), b = lab.Put(x, lab.Half);
        var c = lab.Put(new double[Filters * GroupChannels * Taps], DType.Float32);
        var product = new MmaVariant(numbers, MmaSource.Columns, MmaSource.Pixels, true, true, false, DType.Float32,
            MmaTile.Small);
        var sizes = new MmaSizes
        {
            Left = new() { Step = GroupFilters, Lead = Filters, Depth = places },
            Right = new() { Step = GroupChannels, Lead = Channels, Depth = places },
            Window = Window((OutHeight, OutWidth), (Height, Width)),
            StepResult = (long)GroupFilters * GroupChannels * Taps,
            LeadResult = GroupChannels * Taps,
            Rows = GroupFilters,
            Columns = GroupChannels,
            Segments = Taps,
            Slices = (places + product.Slice - 1) / product.Slice,
            Alpha = 1,
        };
        var cut = tile is { } t ? HopperCut.Of(t, product, sizes)
            : HopperChoice.Cut(device, product, sizes, Groups, a, b)!.Value;
        HopperProduct.Run(device, cut, product, sizes, Groups, a, b, c);
        var error = lab.Difference(c, places, i =>
        {
            int tap = i % Taps, channel = i / Taps % GroupChannels, filter = i / Taps / GroupChannels;
            channel += filter / GroupFilters * GroupChannels;
            double sum = 0, magnitude = 0;
            for (var place = 0; place < places; place++)
            {
                var (n, h, w) = (place / (OutHeight * OutWidth), place / OutWidth % OutHeight, place % OutWidth);
                var p = h + tap / Kernel.W * Dilation.H - Padding.H;
                var q = w + tap % Kernel.W * Dilation.W - Padding.W;
                if (p < 0 || p >= Height || q < 0 || q >= Width) continue;
                var term = x[((n * Height + p) * Width + q) * Channels + channel] * dy[place * Filters + filter];
                sum += term;
                magnitude += Math.Abs(term);
            }
            return (sum, magnitude);
        });
        lab.Clear();
        return error;
    }

    private MmaWindow Window((int H, int W) grid, (int H, int W) image) => new()
    {
        GridHeight = new(grid.H),
        GridWidth = new(grid.W),
        ImageHeight = image.H,
        ImageWidth = image.W,
        KernelWidth = Kernel.W,
        PaddingH = Padding.H,
        PaddingW = Padding.W,
        DilationH = Dilation.H,
        DilationW = Dilation.W,
        StrideH = new(1),
        StrideW = new(1),
    };
}
