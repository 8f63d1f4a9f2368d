namespace Diffract.Kernels;

/// <summary>Small groups, several at once: a group of two or four channels would leave most of a panel's sixteen
/// columns empty, so neighbouring groups become one, whose weight is zero where a filter does not see a
/// channel.</summary>
internal static unsafe class MergedGroups
{
    // A merged group fills a panel.
    private const int WantedChannels = Tile.Columns;

    /// <summary>How many groups become one: a divisor of their number.</summary>
    public static int Factor(in Conv2dGeometry g)
    {
        var factor = Math.Min(g.Groups, WantedChannels / Math.Max(g.GroupChannels, g.GroupFilters));
        while (factor > 1 && g.Groups % factor != 0) factor--;
        return Math.Max(1, factor);
    }

    /// <summary>The geometry with merged groups.</summary>
    public static Conv2dGeometry Merge(in Conv2dGeometry g, int factor) => g with { Groups = g.Groups / factor };

    /// <summary>Floats of the merged weight.</summary>
    public static long Floats(in Conv2dGeometry g, int factor) => (long)g.Filters * factor * g.GroupChannels * g.Taps;

    /// <summary>Writes the weight [F, C / groups, kH, kW] with zeros between.</summary>
    public static void Spread(float* weight, in Conv2dGeometry g, int factor, float* merged)
    {
        var size = (nint)g.GroupChannels * g.Taps;
        new Span<float>(merged, checked((int)Floats(g, factor))).Clear();
        for (var f = 0; f < g.Filters; f++)
            Copy(weight + f * size, merged + Place(g, factor, f), size);
    }

    /// <summary>Takes the weight's gradient out of the merged one.</summary>
    public static void Gather(float* merged, in Conv2dGeometry g, int factor, float* gradient)
    {
        var size = (nint)g.GroupChannels * g.Taps;
        for (var f = 0; f < g.Filters; f++)
            Copy(merged + Place(g, factor, f), gradient + f * size, size);
    }

    private static void Copy(float* from, float* to, nint count) =>
        new Span<float>(from, (int)count).CopyTo(new Span<float>(to, (int)count));

    private static nint Place(in Conv2dGeometry g, int factor, int f) =>
        ((nint)f * factor + f / g.GroupFilters % factor) * g.GroupChannels * g.Taps;
}
