using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>A weight's gradient as a product over pixels: dW[f, (tap, c)] = sum over pixels of dy[pixel, f] times the
/// gathered row [pixel, (tap, c)]. Columns and pixels are divided into tasks by shape; the partial sums of the pixel
/// ranges are added pairwise, which keeps rounding errors small for long sums.</summary>
internal static unsafe class GatherGradient
{
    // Pixels gathered at once: with 256 columns they fill a quarter of the second cache.
    private const int PixelPart = 128;
    private const int LargestRowBlock = 96, LargestColumnGroup = 256, WantedTasks = 16;
    private const long SmallestTask = 1 << 20;

    /// <summary>Calculates the gradient of a weight.</summary>
    public static void Run(CpuDevice device, in Conv2dWeightGradientArgs args)
    {
        var g = args.Geometry;
        var taps = TapSet.Forward(g);
        for (var group = 0; group < g.Groups; group++)
        {
            var images = new TapRows(args.X.F32 + group * g.GroupChannels, (g.Height, g.Width), g.Channels, g.GroupChannels,
                (g.OutHeight, g.OutWidth), taps);
            var filters = (nint)group * g.GroupFilters;
            Run(device, images, args.DY.F32 + filters, g.Filters, (long)g.Batch * g.OutHeight * g.OutWidth, g.GroupFilters,
                g.GroupChannels, g.Taps, args.DWeight.F32 + filters * g.GroupChannels * g.Taps);
        }
    }

    /// <summary>Calculates the gradient of one group's weight.</summary>
    /// <param name="device">Gives threads and scratch memory.</param>
    /// <param name="images">The gathered rows.</param>
    /// <param name="dy">First filter of the group in the first pixel of dy.</param>
    /// <param name="dyStride">Floats between pixels of dy.</param>
    /// <param name="pixels">Pixels of dy, all images together.</param>
    /// <param name="filters">Filters of the group.</param>
    /// <param name="channels">Channels of the group.</param>
    /// <param name="taps">Elements of a filter's plane.</param>
    /// <param name="gradient">[filters, channels, taps], overwritten.</param>
    private static void Run(CpuDevice device, TapRows images, float* dy, nint dyStride, long pixels, int filters,
        int channels, int taps, float* gradient)
    {
        var columns = taps * channels;
        var rowBlock = Even(filters, LargestRowBlock, Tile.Rows);
        var group = Even(columns, LargestColumnGroup, Tile.Columns);
        var rowBlocks = (filters + rowBlock - 1) / rowBlock;
        var groups = (columns + group - 1) / group;
        var cells = rowBlocks * groups;
        var splits = 1;
        var parts = (pixels + PixelPart - 1) / PixelPart;
        while (cells * splits < WantedTasks && splits * 2 <= parts
            && (long)rowBlock * group * pixels / splits > 2 * SmallestTask) splits *= 2;
        var length = (parts + splits - 1) / splits * PixelPart;

        var stride = Blocks.Stride(group);
        var cellFloats = Blocks.WholeTiles(rowBlock) * stride;
        using var scratch = new Scratch(device, cellFloats * cells * splits * sizeof(float));
        var sums = scratch.F32;
        device.For(cells * splits, t =>
        {
            var (cell, split) = (t / splits, t % splits);
            var (row, column) = (cell / groups * rowBlock, cell % groups * group);
            Sum(device, images, dy + row, dyStride, Math.Min(rowBlock, filters - row), column,
                Math.Min(group, columns - column), split * length, Math.Min(pixels, (split + 1) * length),
                sums + (nint)t * cellFloats, stride);
        });
        device.For(filters, f =>
        {
            for (var q = 0; q < groups; q++)
            {
                var row = sums + (nint)(f / rowBlock * groups + q) * splits * cellFloats + f % rowBlock * stride;
                var (first, width) = (q * group, Math.Min(group, columns - q * group));
                Vectors.AddTree(row, width, splits, cellFloats);
                var to = gradient + (nint)f * columns;
                for (var j = 0; j < width; j++) to[(first + j) % channels * taps + (first + j) / channels] = row[j];
            }
        });
    }

    // The sums of one cell over one range of pixels.
    private static void Sum(CpuDevice device, TapRows images, float* dy, nint dyStride, int rows, int column, int columns,
        long firstPixel, long lastPixel, float* sums, nint stride)
    {
        var whole = Blocks.WholeTiles(rows);
        var panels = Panels.Count(columns);
        var leftStride = Blocks.Stride(PixelPart);
        var rightStride = Blocks.Stride(panels * Tile.Columns);
        using var scratch = new Scratch(device, (whole * leftStride + PixelPart * rightStride) * sizeof(float));
        var block = scratch.F32;
        var gathered = block + whole * leftStride;
        // What fills tiles up is zero and stays so; its products are never read, but must not be slow ones.
        new Span<float>(block, (int)(whole * leftStride)).Clear();
        new Span<float>(gathered, (int)(PixelPart * rightStride)).Clear();
        for (var r = 0; firstPixel >= lastPixel && r < rows; r++) new Span<float>(sums + r * stride, columns).Clear();
        for (var pixel = firstPixel; pixel < lastPixel; pixel += PixelPart)
        {
            var count = (int)Math.Min(PixelPart, lastPixel - pixel);
            new LeftColumns(dy + (nint)pixel * dyStride, dyStride).Load(0, rows, 0, count, block, leftStride);
            images.Load(pixel, count, column, columns, gathered, rightStride);
            for (var p = 0; p < panels; p++)
                for (var r = 0; r < whole; r += Tile.Rows)
                    Tile.Multiply(count, block + r * leftStride, leftStride, gathered + p * Tile.Columns, rightStride,
                        sums + r * stride + p * Tile.Columns, stride, pixel > firstPixel);
        }
    }

    private static int Even(int total, int largest, int unit)
    {
        var parts = (total + largest - 1) / largest;
        return ((total + parts - 1) / parts + unit - 1) / unit * unit;
    }
}
