namespace Diffract.Kernels;

/// <summary>Chooses the algorithm of a convolution from its geometry alone, method included, so that a shape has always
/// the same bits.</summary>
internal static class ConvChoice
{
    /// <summary>The algorithm for one direction.</summary>
    public static ConvAlgorithm For(in Conv2dGeometry g, ConvDirection direction)
    {
        if (direction == ConvDirection.InputGradient && PatchConv.Fits(g)) return ConvAlgorithm.Patches;
        if (!CanWinograd(g)) return Plain(g);
        var (cost, size) = Cost(g, direction);
        return Cheapest(size, cost.Gather(), cost.Winograd(2), cost.Winograd(4));
    }

    /// <summary>True when the packed weight should be kept for the next call, if the weight will be the same.</summary>
    /// <param name="g">Sizes and settings.</param>
    /// <param name="direction">Direction.</param>
    public static bool KeepsPacked(in Conv2dGeometry g, ConvDirection direction) =>
        For(g, direction) switch
        {
            ConvAlgorithm.Winograd2 => Cost(g, direction).Cost.KeepsWinograd(2),
            ConvAlgorithm.Winograd4 => Cost(g, direction).Cost.KeepsWinograd(4),
            _ => true,
        };

    private static (ConvCost Cost, Pair Size) Cost(in Conv2dGeometry g, ConvDirection direction)
    {
        var (size, channels, filters) = direction == ConvDirection.Forward
            ? (new Pair(g.OutHeight, g.OutWidth), g.Channels, g.Filters)
            : (new Pair(g.Height, g.Width), g.Filters, g.Channels);
        return (new ConvCost(g.Batch, size, channels, filters, g.Method), size);
    }

    /// <summary>The algorithm for the weight's gradient.</summary>
    public static ConvAlgorithm ForWeightGradient(in Conv2dGeometry g)
    {
        if (!CanWinograd(g)) return Plain(g);
        Pair size = (g.OutHeight, g.OutWidth);
        var cost = new ConvCost(g.Batch, size, g.Channels, g.Filters, g.Method);
        return Cheapest(size, cost.GatherGradient(), cost.WinogradGradient(2), cost.WinogradGradient(4));
    }

    private static ConvAlgorithm Plain(in Conv2dGeometry g) =>
        g.Groups > 1 && g.Groups == g.Channels && g.Groups == g.Filters
            ? ConvAlgorithm.Depthwise
            : ConvAlgorithm.Gather;

    private static bool CanWinograd(in Conv2dGeometry g) =>
        g.Method != ConvMethod.Direct && g.Kernel == 3 && g.Stride == 1 && g.Dilation == 1 && g.Groups == 1
        && g.Padding is { H: <= 2, W: <= 2 };

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
