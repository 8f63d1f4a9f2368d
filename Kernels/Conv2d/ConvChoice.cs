namespace Diffract.Kernels;

/// <summary>Chooses the algorithm of a convolution from its geometry alone, so that a shape has always the same bits.
/// The choice is the lowest of rough estimates in cycles of one core: 16 multiply-adds a cycle, eight bytes of a weight
/// that comes from memory, and a few cycles a channel and tile for transforms.</summary>
internal static class ConvChoice
{
    // Measured shares of the multipliers' peak, as factors of the time: gathering and transforms are extra.
    private const double GatherFactor = 1.12, GatherGradientFactor = 1.35, WinogradFactor = 1.25;

    // Cycles to transform one channel of one tile, there and back.
    private const double Transform2 = 5.5, Transform4 = 12.5;

    private const double CyclesOfByte = 0.125, CyclesOfGradientByte = 0.75;

    /// <summary>The algorithm for one direction.</summary>
    public static ConvAlgorithm For(in Conv2dGeometry g, ConvDirection direction)
    {
        if (!CanWinograd(g)) return ConvAlgorithm.Gather;
        var forward = direction == ConvDirection.Forward;
        Pair size = forward ? (g.OutHeight, g.OutWidth) : (g.Height, g.Width);
        var pixels = (long)g.Batch * size.H * size.W;
        var weight = 9.0 * g.Channels * g.Filters;
        var gather = Blocks.WholeTiles((int)Math.Min(pixels, 1 << 30)) * weight / 16 * GatherFactor
            + weight * sizeof(float) * CyclesOfByte;
        return Cheapest(g, size, gather, CyclesOfByte);
    }

    /// <summary>The algorithm for the weight's gradient.</summary>
    public static ConvAlgorithm ForWeightGradient(in Conv2dGeometry g)
    {
        if (!CanWinograd(g)) return ConvAlgorithm.Gather;
        Pair size = (g.OutHeight, g.OutWidth);
        var weight = 9.0 * g.Channels * g.Filters;
        var gather = (double)g.Batch * size.H * size.W * weight / 16 * GatherGradientFactor
            + weight * sizeof(float) * CyclesOfGradientByte;
        return Cheapest(g, size, gather, CyclesOfGradientByte);
    }

    /// <summary>True for a 3 x 3 kernel with stride 1 and channels in whole vectors.</summary>
    public static bool CanWinograd(in Conv2dGeometry g) =>
        g.Kernel == 3 && g.Stride == 1 && g.Dilation == 1 && g.Groups == 1 && g.Padding is { H: <= 2, W: <= 2 }
        && g.Channels % 8 == 0 && g.Filters % 8 == 0 && g.Batch > 0;

    // A tile that is mostly outside of the image costs accuracy and gains nothing: images smaller than a tile are left out.
    private static ConvAlgorithm Cheapest(in Conv2dGeometry g, Pair size, double gather, double cyclesOfByte)
    {
        var four = size is { H: >= 4, W: >= 4 } ? Winograd(g, size, 4, Transform4, cyclesOfByte) : double.MaxValue;
        var two = size is { H: >= 2, W: >= 2 } ? Winograd(g, size, 2, Transform2, cyclesOfByte) : double.MaxValue;
        return four <= two && four < gather ? ConvAlgorithm.Winograd4
            : two < gather ? ConvAlgorithm.Winograd2
            : ConvAlgorithm.Gather;
    }

    private static double Winograd(in Conv2dGeometry g, Pair size, int outputs, double transform, double cyclesOfByte)
    {
        var tiles = (long)g.Batch * ((size.H + outputs - 1) / outputs) * ((size.W + outputs - 1) / outputs);
        var points = (outputs + 2) * (outputs + 2);
        var weight = (double)points * g.Channels * g.Filters;
        return Blocks.WholeTiles((int)Math.Min(tiles, 1 << 30)) * weight / 16 * WinogradFactor
            + tiles * (double)(g.Channels + g.Filters) * transform + weight * sizeof(float) * cyclesOfByte;
    }
}
