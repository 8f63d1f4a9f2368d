using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>The transposed convolution is the convolution's input gradient with the two sides' names exchanged: its
/// forward is <see cref="Conv2d.InputGradient"/>, the gradient of its input <see cref="Conv2d.Forward"/>, and that of
/// its weight <see cref="Conv2d.WeightGradient"/> with input and output exchanged.</summary>
public static class ConvTranspose2d
{
    /// <summary>The geometry of the convolution whose input gradient this is.</summary>
    /// <param name="x">Shape of the input, [N, H, W, C].</param>
    /// <param name="weight">Shape of the weight, [C, F / groups, kH, kW].</param>
    /// <param name="stride">Pixels of the output between neighbouring pixels of the input.</param>
    /// <param name="padding">Pixels cut off on each side of the output.</param>
    /// <param name="outputPadding">Pixels added to the output's lower and right side; less than the stride or the
    /// dilation.</param>
    /// <param name="groups">Parts that the channels are divided into.</param>
    /// <param name="dilation">Pixels between neighbouring elements of a filter.</param>
    /// <exception cref="ShapeException">The shapes or settings do not fit together.</exception>
    public static Conv2dGeometry Geometry(Shape x, Shape weight, Pair stride, Pair padding, Pair outputPadding,
        int groups, Pair dilation)
    {
        Conv2dGeometry.Check("ConvTranspose2d", x, weight, stride, padding, dilation, groups);
        if (weight[0] != x[3] || weight[0] % groups != 0)
            throw new ShapeException($"ConvTranspose2d: a weight {weight} takes {weight[0]} channels, which {groups} "
                + $"groups must divide; the input {x} has {x[3]}");
        if (outputPadding.H < 0 || outputPadding.W < 0 || outputPadding.H >= Math.Max(stride.H, dilation.H)
            || outputPadding.W >= Math.Max(stride.W, dilation.W))
            throw new ShapeException($"ConvTranspose2d: outputPadding {outputPadding} must be less than the stride "
                + $"{stride} or the dilation {dilation}");
        Pair kernel = (weight.Int(2), weight.Int(3));
        var height = Length(x.Int(1), kernel.H, stride.H, padding.H, outputPadding.H, dilation.H);
        var width = Length(x.Int(2), kernel.W, stride.W, padding.W, outputPadding.W, dilation.W);
        if (x[1] < 1 || x[2] < 1 || height is < 1 or > int.MaxValue || width is < 1 or > int.MaxValue)
            throw new ShapeException($"ConvTranspose2d: an input {x} with kernel {kernel}, stride {stride} and padding "
                + $"{padding} gives an output of {height} x {width} pixels");
        return new Conv2dGeometry(x.Int(0), (int)height, (int)width, weight.Int(1) * groups, x.Int(1), x.Int(2),
            weight.Int(0), kernel, stride, padding, dilation, groups);
    }

    private static long Length(long length, int kernel, int stride, int padding, int outputPadding, int dilation) =>
        (length - 1) * stride - 2L * padding + (long)dilation * (kernel - 1) + outputPadding + 1;
}
