using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Doubles a map: nearest neighbour, then a 3x3 convolution (state: <c>conv</c>) if asked for.</summary>
public sealed class Upsample : Layer
{
    private readonly Conv2d? conv;

    /// <summary>A layer that doubles maps of <paramref name="channels"/> channels.</summary>
    public Upsample(int channels, bool useConv) =>
        conv = useConv ? Child("conv", new Conv2d(channels, channels, 3, padding: 1) { FeedsNorm = true }) : null;

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x)
    {
        using var scope = Scope.Open();
        var h = x.UpsampleNearest(2);
        return scope.Keep(conv is null ? h : conv.Forward(h));
    }
}
