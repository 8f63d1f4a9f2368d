namespace Diffract.Kernels;

/// <summary>Chooses the algorithm of a convolution from its geometry alone, so that a shape has always the same bits.
/// </summary>
internal static class ConvChoice
{
    /// <summary>The algorithm for one direction.</summary>
    public static ConvAlgorithm For(in Conv2dGeometry g, ConvDirection direction)
    {
        if (!CanWinograd(g)) return ConvAlgorithm.Gather;
        return direction == ConvDirection.Forward ? ConvAlgorithm.Winograd4 : ConvAlgorithm.Winograd2;
    }

    /// <summary>The algorithm for the weight's gradient.</summary>
    public static ConvAlgorithm ForWeightGradient(in Conv2dGeometry g) =>
        CanWinograd(g) && g.Batch > 0 ? ConvAlgorithm.Winograd4 : ConvAlgorithm.Gather;

    /// <summary>True for a 3 x 3 kernel with stride 1 and channels in whole vectors.</summary>
    public static bool CanWinograd(in Conv2dGeometry g) =>
        g.Kernel == 3 && g.Stride == 1 && g.Dilation == 1 && g.Groups == 1 && g.Padding is { H: <= 2, W: <= 2 }
        && g.Channels % 8 == 0 && g.Filters % 8 == 0;
}
