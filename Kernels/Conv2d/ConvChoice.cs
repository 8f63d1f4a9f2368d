namespace Diffract.Kernels;

/// <summary>Chooses the algorithm of a convolution from its geometry alone, so that a shape has always the same bits.
/// </summary>
internal static class ConvChoice
{
    /// <summary>The algorithm for one direction.</summary>
    public static ConvAlgorithm For(in Conv2dGeometry g, ConvDirection direction)
    {
        if (direction == ConvDirection.InputGradient && PatchConv.Fits(g)) return ConvAlgorithm.Patches;
        if (!CanWinograd(g)) return Plain(g);
        var forward = direction == ConvDirection.Forward;
        Pair size = forward ? (g.OutHeight, g.OutWidth) : (g.Height, g.Width);
        var cost = new ConvCost(g.Batch, size, forward ? g.Channels : g.Filters, forward ? g.Filters : g.Channels);
        return Cheapest(size, cost.Gather(), cost.Winograd(2), cost.Winograd(4));
    }

    /// <summary>The algorithm for the weight's gradient.</summary>
    public static ConvAlgorithm ForWeightGradient(in Conv2dGeometry g)
    {
        if (!CanWinograd(g)) return Plain(g);
        Pair size = (g.OutHeight, g.OutWidth);
        var cost = new ConvCost(g.Batch, size, g.Channels, g.Filters);
        return Cheapest(size, cost.GatherGradient(), cost.WinogradGradient(2), cost.WinogradGradient(4));
    }

    private static ConvAlgorithm Plain(in Conv2dGeometry g) =>
        g.Groups > 1 && g.Groups == g.Channels && g.Groups == g.Filters
            ? ConvAlgorithm.Depthwise
            : ConvAlgorithm.Gather;

    private static bool CanWinograd(in Conv2dGeometry g) =>
        g.Kernel == 3 && g.Stride == 1 && g.Dilation == 1 && g.Groups == 1 && g.Padding is { H: <= 2, W: <= 2 };

    // An image smaller than a tile is mostly zeros: that costs accuracy, relative to the result, and gains nothing.
    private static ConvAlgorithm Cheapest(Pair size, double gather, double two, double four)
    {
        if (size is not { H: >= 4, W: >= 4 }) four = double.PositiveInfinity;
        if (size is not { H: >= 2, W: >= 2 }) two = double.PositiveInfinity;
        return gather <= two && gather <= four ? ConvAlgorithm.Gather
            : two <= four ? ConvAlgorithm.Winograd2
            : ConvAlgorithm.Winograd4;
    }
}
