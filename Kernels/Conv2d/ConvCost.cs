namespace Diffract.Kernels;

/// <summary>Estimates of a convolution's time in cycles of one core, fitted to measurements of a Zen 3. They need not
/// be right, only right about which is less.</summary>
/// <param name="images">Number of images.</param>
/// <param name="size">Height and width of the result, or of dy for the weight's gradient.</param>
/// <param name="channels">Channels summed over, or of x.</param>
/// <param name="filters">Channels of the result, or of dy.</param>
/// <param name="method">Whether packed weights are kept.</param>
internal readonly struct ConvCost(int images, Pair size, int channels, int filters, ConvMethod method)
{
    private const int Taps = 9;

    // What a tile of six rows costs beside its multiplications, and what those cost at the speed that is reached.
    private const double TileCall = 20, TileStep = 6.5;

    // A float that is gathered or transposed; a byte of a gradient that is summed up and written.
    private const double Load = 0.5, Transpose = 0.7, SumByte = 0.75;

    // A byte of a packed weight: to read it; to transform it on the way, into the cache; to transform all of them
    // first, through memory; and what a kept one is worth. At that price the 256-pixel network keeps 0.9 GiB more than
    // its weights in the fast method.
    private const double ReadByte = 0.125, NarrowByte = 0.35, WideByte = 0.2, MemoryByte = 0.6, PriceOfByte = 0.15;

    // A packed weight that is kept in any case.
    private const long SmallWeight = 4 << 20;

    private readonly double pixels = (double)images * size.H * size.W;

    private double WeightBytes => 4.0 * channels * filters;

    /// <summary>A gathered product.</summary>
    public double Gather() => Product(pixels, Taps * channels, filters)
        + pixels * (60 + Taps * channels * Load + 1.5 * filters) + Taps * WeightBytes * ReadByte;

    /// <summary>A Winograd algorithm.</summary>
    public double Winograd(int outputs)
    {
        var (points, tiles) = (Points(outputs), Tiles(outputs));
        return points * Product(tiles, channels, filters) + tiles * Transforms(outputs)
            + points * WeightBytes * ByteOfWinograd(outputs);
    }

    /// <summary>True when the packed weight of a Winograd algorithm should be kept for the next call.</summary>
    public bool KeepsWinograd(int outputs) => Points(outputs) * WeightBytes <= SmallWeight
        || method == ConvMethod.Fast && (outputs == 2 || Chunks(outputs) > 1);

    /// <summary>A gathered product over pixels.</summary>
    public double GatherGradient() => Product(filters, pixels, Taps * channels)
        + pixels * (60 + Taps * channels * Load + filters * Transpose) + Taps * WeightBytes * SumByte;

    /// <summary>A Winograd algorithm's product over tiles.</summary>
    public double WinogradGradient(int outputs)
    {
        var (points, tiles) = (Points(outputs), Tiles(outputs));
        return points * (1.1 * Product(filters, tiles, channels) + tiles * filters * Transpose)
            + tiles * Transforms(outputs) + points * WeightBytes * SumByte;
    }

    private double ByteOfWinograd(int outputs) => KeepsWinograd(outputs) ? ReadByte + PriceOfByte
        : Chunks(outputs) > 1 ? MemoryByte
        : outputs == 2 ? NarrowByte
        : WideByte;

    private int Chunks(int outputs) =>
        WinogradChunks.Count((int)Tiles(outputs), Points(outputs), channels, filters);

    private static double Product(double rows, double depth, double columns) =>
        Math.Ceiling(rows / Tile.Rows) * Math.Ceiling(columns / Tile.Columns) * (depth * TileStep + TileCall);

    private static int Points(int outputs) => (outputs + 2) * (outputs + 2);

    private double Tiles(int outputs) =>
        (double)images * ((size.H + outputs - 1) / outputs) * ((size.W + outputs - 1) / outputs);

    // One tile: its pixels' addresses, and the channels, eight at a time.
    private double Transforms(int outputs)
    {
        var (fixedPart, input, output) = outputs == 4 ? (500, 30, 22) : (250, 9, 7);
        return fixedPart + (channels + 7) / 8 * 8 * input + (filters + 7) / 8 * 8 * output;
    }
}
