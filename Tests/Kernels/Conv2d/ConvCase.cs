using CsCheck;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Tests.Kernels;

/// <summary>A convolution's shapes and settings.</summary>
internal sealed record ConvCase(Shape X, Shape Weight, Pair Stride, Pair Padding, Pair Dilation, int Groups)
{
    private static readonly Gen<Pair> Kernel = Gen.Select(Gen.Int[1, 4], Gen.Int[1, 4], (h, w) => new Pair(h, w));
    private static readonly Gen<Pair> Step = Gen.Select(Gen.Int[1, 3], Gen.Int[1, 3], (h, w) => new Pair(h, w));
    private static readonly Gen<Pair> Border = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3], (h, w) => new Pair(h, w));
    private static readonly Gen<int> Channels =
        Gen.OneOf(Gen.Int[1, 9], Gen.Int[15, 40], Gen.Int[1, 6].Select(i => 8 * i));

    /// <summary>Anything that is allowed.</summary>
    public static readonly Gen<ConvCase> Any = Gen.Select(
        Gen.Select(Gen.Int[0, 2], Gen.Int[1, 13], Gen.Int[1, 13]), Gen.Select(Channels, Channels, Gen.Int[1, 4]),
        Gen.Select(Kernel, Step, Border), Gen.Int[1, 2].Select(Gen.Int[1, 2], (h, w) => new Pair(h, w)),
        (image, channels, settings, dilation) => new ConvCase(
            [image.Item1, image.Item2, image.Item3, channels.Item1 * channels.Item3],
            [channels.Item2 * channels.Item3, channels.Item1, settings.Item1.H, settings.Item1.W], settings.Item2,
            settings.Item3, dilation, channels.Item3)).Where(c => c.Fits);

    /// <summary>3x3 with stride 1: where Winograd's algorithms are chosen.</summary>
    public static readonly Gen<ConvCase> Square3 = Gen.Select(Gen.Int[1, 3], Gen.Int[1, 21], Gen.Int[1, 21],
        Channels, Channels, Border.Where(b => b is { H: < 3, W: < 3 }), (n, h, w, c, f, padding) => new ConvCase(
            [n, h, w, c], [f, c, 3, 3], 1, padding, 1, 1)).Where(c => c.Fits);

    /// <summary>One channel a group.</summary>
    public static readonly Gen<ConvCase> Depthwise = Gen.Select(Gen.Int[1, 2], Gen.Int[1, 13], Gen.Int[1, 40],
        Gen.Int[1, 2], Kernel, Step, Border, (n, size, channels, multiplier, kernel, stride, padding) => new ConvCase(
            [n, size, size + 1, channels], [channels * multiplier, 1, kernel.H, kernel.W], stride, padding, 1,
            channels))
        .Where(c => c.Fits);

    private bool Fits => X[1] + 2 * Padding.H > Dilation.H * (Weight[2] - 1)
        && X[2] + 2 * Padding.W > Dilation.W * (Weight[3] - 1);

    /// <summary>Random x, weight, bias and residual.</summary>
    public Tensor[] Inputs()
    {
        var geometry = Conv2dGeometry.Of(X, Weight, Stride, Padding, Dilation, Groups);
        return [OpCompare.Normal(X, 1), OpCompare.Normal(Weight, 2), OpCompare.Normal([Weight[0]], 3),
            OpCompare.Normal(geometry.OutShape, 4)];
    }

    /// <summary>The convolution of <see cref="Inputs"/>.</summary>
    public Tensor Run(Tensor?[] x) =>
        x[0]!.Conv2d(x[1]!, x[2], Stride, Padding, Dilation, Groups, x[3]);
}
