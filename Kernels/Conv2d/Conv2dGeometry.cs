using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Sizes and settings of a two-dimensional convolution of channels-last images.</summary>
/// <param name="Batch">Number of images.</param>
/// <param name="Height">Rows of the input.</param>
/// <param name="Width">Columns of the input.</param>
/// <param name="Channels">Channels of the input.</param>
/// <param name="OutHeight">Rows of the output.</param>
/// <param name="OutWidth">Columns of the output.</param>
/// <param name="Filters">Channels of the output.</param>
/// <param name="Kernel">Size of a filter.</param>
/// <param name="Stride">Pixels between neighbouring positions of a filter.</param>
/// <param name="Padding">Zeros around the input, on each side.</param>
/// <param name="Dilation">Pixels between neighbouring elements of a filter.</param>
/// <param name="Groups">Parts that the channels are divided into; each filter sees one part.</param>
public readonly record struct Conv2dGeometry(int Batch, int Height, int Width, int Channels, int OutHeight,
    int OutWidth, int Filters, Pair Kernel, Pair Stride, Pair Padding, Pair Dilation, int Groups)
{
    /// <summary>The geometry of <c>x.Conv2d(weight, …)</c>.</summary>
    /// <param name="x">Shape of the input, [N, H, W, C].</param>
    /// <param name="weight">Shape of the weight, [F, C / groups, kH, kW].</param>
    /// <param name="stride">Pixels between neighbouring positions of a filter.</param>
    /// <param name="padding">Zeros around the input.</param>
    /// <param name="dilation">Pixels between neighbouring elements of a filter.</param>
    /// <param name="groups">Parts that the channels are divided into.</param>
    /// <exception cref="ShapeException">The shapes or settings do not fit together.</exception>
    public static Conv2dGeometry Of(Shape x, Shape weight, Pair stride, Pair padding, Pair dilation, int groups)
    {
        Check("Conv2d", x, weight, stride, padding, dilation, groups);
        if (weight[0] % groups != 0 || x[3] != weight[1] * groups)
            throw new ShapeException($"Conv2d: a weight {weight} with {groups} groups takes {weight[1] * groups} "
                + $"channels and needs a number of filters that {groups} divides; the input {x} has {x[3]} channels");
        Pair kernel = (weight.Int(2), weight.Int(3));
        var height = OutLength(x.Int(1), kernel.H, stride.H, padding.H, dilation.H);
        var width = OutLength(x.Int(2), kernel.W, stride.W, padding.W, dilation.W);
        if (height < 1 || width < 1)
            throw new ShapeException($"Conv2d: an input {x} with padding {padding} is smaller than a kernel {kernel} "
                + $"with dilation {dilation}");
        return new Conv2dGeometry(x.Int(0), x.Int(1), x.Int(2), x.Int(3), height, width, weight.Int(0), kernel, stride,
            padding, dilation, groups);
    }

    /// <summary>Which algorithms may be used; matters to float32 on the CPU only.</summary>
    public ConvMethod Method { get; init; }

    /// <summary>Channels of one group.</summary>
    public int GroupChannels => Channels / Groups;

    /// <summary>Filters of one group.</summary>
    public int GroupFilters => Filters / Groups;

    /// <summary>Elements of one filter's plane.</summary>
    public int Taps => Kernel.H * Kernel.W;

    /// <summary>Shape of the output, [N, H', W', F].</summary>
    public Shape OutShape => [Batch, OutHeight, OutWidth, Filters];

    /// <summary>Multiplications of one pass by definition.</summary>
    public long Products => (long)Batch * OutHeight * OutWidth * Filters * GroupChannels * Taps;

    internal static void Check(string name, Shape x, Shape weight, Pair stride, Pair padding, Pair dilation, int groups)
    {
        if (x.Rank != 4 || weight.Rank != 4)
            throw new ShapeException($"{name}: the input must be [N, H, W, C] and the weight have 4 axes; found {x} "
                + $"and {weight}");
        if (groups < 1 || stride is not { H: > 0, W: > 0 } || dilation is not { H: > 0, W: > 0 }
            || padding is not { H: >= 0, W: >= 0 })
            throw new ShapeException($"{name}: stride {stride}, dilation {dilation} and groups {groups} must be at "
                + $"least 1, padding {padding} at least 0");
        if (weight.Count == 0) throw new ShapeException($"{name}: the weight {weight} has no elements");
    }

    // Long arithmetic: a padding near 2^31 must be reported, not wrap around.
    private static int OutLength(int length, int kernel, int stride, int padding, int dilation)
    {
        var room = length + 2L * padding - (long)dilation * (kernel - 1) - 1;
        return room < 0 ? 0 : (int)Math.Min(int.MaxValue, room / stride + 1);
    }
}
