using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Halves a map: a 3x3 convolution with stride 2 (state: <c>op</c>), or the mean of 2 x 2.</summary>
public sealed class Downsample : Layer
{
    private readonly Conv2d? conv;

    /// <summary>A layer that halves maps of <paramref name="channels"/> channels.</summary>
    public Downsample(int channels, bool useConv) =>
        conv = useConv ? Child("op", new Conv2d(channels, channels, 3, stride: 2, padding: 1) { FeedsNorm = true })
            : null;

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => conv is null ? x.AvgPool2d(2) : conv.Forward(x);
}
