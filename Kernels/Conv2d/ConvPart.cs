namespace Diffract.Kernels;

/// <summary>A grid of output pixels that see the same taps. The forward has one; the input's gradient has one for each
/// position within a stride.</summary>
/// <param name="Taps">What each position sees.</param>
/// <param name="Channels">Channels summed over, of one group.</param>
/// <param name="Columns">Channels of the result, of one group.</param>
/// <param name="Grid">Positions of one image.</param>
/// <param name="Step">Pixels between positions.</param>
/// <param name="Phase">Pixel of the first position.</param>
internal readonly record struct ConvPart(TapSet Taps, int Channels, int Columns, Pair Grid, Pair Step, Pair Phase)
{
    /// <summary>Floats of one group's packed weight.</summary>
    public long PackedFloats => Panels.Floats(Taps.Taps.Length * Channels, Columns);

    /// <summary>The parts of one direction, which depend on the settings alone; grids may be empty.</summary>
    public static List<ConvPart> Of(in Conv2dGeometry g, ConvDirection direction)
    {
        if (direction == ConvDirection.Forward)
            return [new(TapSet.Forward(g), g.GroupChannels, g.GroupFilters, (g.OutHeight, g.OutWidth), 1, 0)];
        var parts = new List<ConvPart>();
        for (var y = 0; y < g.Stride.H; y++)
        {
            for (var x = 0; x < g.Stride.W; x++)
            {
                Pair grid = (Math.Max(0, g.Height - y + g.Stride.H - 1) / g.Stride.H,
                    Math.Max(0, g.Width - x + g.Stride.W - 1) / g.Stride.W);
                var taps = TapSet.InputGradient(g, (y, x));
                parts.Add(new(taps, g.GroupFilters, g.GroupChannels, grid, g.Stride, (y, x)));
            }
        }
        return parts;
    }
}
