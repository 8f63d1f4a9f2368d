namespace Diffract.Tasks;

/// <summary>A number for every block and timestep of a network as a map: where in it the knowledge sits.</summary>
public static class BlockTimestepPlot
{
    /// <summary>Draws the map: a row a timestep, a column a block.</summary>
    /// <param name="title">Title of the plot.</param>
    /// <param name="valueLabel">What the numbers are, with their unit.</param>
    /// <param name="cells">The numbers; what is missing stays grey, and of several in a cell the highest is drawn.
    /// </param>
    public static Plot Draw(string title, string valueLabel,
        IReadOnlyList<(int Timestep, int Block, double Value)> cells)
    {
        var steps = cells.Select(c => c.Timestep).Distinct().Order().ToArray();
        var blocks = cells.Select(c => c.Block).Distinct().Order().ToArray();
        var values = new double[steps.Length, blocks.Length];
        for (var t = 0; t < steps.Length; t++)
            for (var b = 0; b < blocks.Length; b++)
                values[t, b] = cells.Where(c => c.Timestep == steps[t] && c.Block == blocks[b])
                    .Select(c => c.Value).DefaultIfEmpty(double.NaN).Max();
        return HeatMapPlot.Draw(title, "block", "timestep", valueLabel, [.. blocks.Select(b => $"{b}")],
            [.. steps.Select(t => $"{t}")], values);
    }
}
