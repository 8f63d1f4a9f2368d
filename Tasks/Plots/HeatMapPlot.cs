using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace Diffract.Tasks;

/// <summary>A table of numbers as colours, each cell with its number: accuracy by block and time step, similarity by
/// layer and layer.</summary>
public static class HeatMapPlot
{
    private const int CellWidth = 58;
    private const int CellHeight = 30;
    private const int SquareCell = 38;
    private const int SmallCell = 15;
    private const int MostNumbers = 20;
    private const int AroundWidth = 190;
    private const int AroundHeight = 130;

    /// <summary>Draws a table, row 0 on top. Dark is low and bright is high (the colour map cividis, which reads alike
    /// with and without colour-blindness).</summary>
    /// <param name="title">Title of the plot.</param>
    /// <param name="xLabel">What the columns are.</param>
    /// <param name="yLabel">What the rows are.</param>
    /// <param name="valueLabel">What the numbers are, with their unit; stands beside the colour scale.</param>
    /// <param name="columns">Names of the columns.</param>
    /// <param name="rows">Names of the rows.</param>
    /// <param name="values">[rows, columns]; NaN is drawn as a grey cell without a number.</param>
    /// <param name="format">How numbers are written.</param>
    /// <param name="range">Ends of the colour scale; the lowest and highest value when null.</param>
    /// <param name="square">Cells as wide as high; beyond 20 in a row they are small and without numbers.</param>
    /// <exception cref="ArgumentException">The names do not fit the values.</exception>
    public static Plot Draw(string title, string xLabel, string yLabel, string valueLabel,
        IReadOnlyList<string> columns, IReadOnlyList<string> rows, double[,] values, string format = "0.0",
        (double Low, double High)? range = null, bool square = false)
    {
        if (values.GetLength(0) != rows.Count || values.GetLength(1) != columns.Count || values.Length == 0)
            throw new ArgumentException($"{rows.Count} rows and {columns.Count} columns are named, the values are "
                + $"{values.GetLength(0)} by {values.GetLength(1)}", nameof(values));
        var finite = values.Cast<double>().Where(double.IsFinite).DefaultIfEmpty(0).ToArray();
        var (low, high) = range ?? (finite.Min(), finite.Max());
        // One value everywhere still needs a scale of some length.
        if (low == high) (low, high) = (low - 0.5, high + 0.5);
        var colours = Scale(OxyPalettes.Cividis(256), valueLabel, low, high);
        var model = PlotStyle.Model(title);
        model.Axes.Add(Names(columns, AxisPosition.Bottom, xLabel));
        model.Axes.Add(Names(rows, AxisPosition.Left, yLabel));
        AddCells(model, values, colours);
        var small = square && Math.Max(rows.Count, columns.Count) > MostNumbers;
        if (!small) AddNumbers(model, values, colours, value => value.ToString(format));
        var (width, height) = small ? (SmallCell, SmallCell) : square ? (SquareCell, SquareCell)
            : (CellWidth, CellHeight);
        return new Plot(model, AroundWidth + width * columns.Count, AroundHeight + height * rows.Count);
    }

    /// <summary>The cells and the colour scale beside them.</summary>
    internal static void AddCells(PlotModel model, double[,] values, LinearColorAxis colours)
    {
        model.PlotAreaBorderThickness = new OxyThickness(0);
        model.Axes.Add(colours);
        model.Series.Add(new HeatMapSeries
        {
            CoordinateDefinition = HeatMapCoordinateDefinition.Edge,
            X0 = -0.5,
            X1 = values.GetLength(1) - 0.5,
            Y0 = -0.5,
            Y1 = values.GetLength(0) - 0.5,
            Data = Transposed(values),
            Interpolate = false,
            RenderMethod = HeatMapRenderMethod.Rectangles,
        });
    }

    /// <summary>The number of every cell but the missing ones.</summary>
    internal static void AddNumbers(
        PlotModel model, double[,] values, LinearColorAxis colours, Func<double, string> write)
    {
        for (var y = 0; y < values.GetLength(0); y++)
        {
            for (var x = 0; x < values.GetLength(1); x++)
            {
                if (double.IsNaN(values[y, x])) continue;
                model.Annotations.Add(new TextAnnotation
                {
                    Text = write(values[y, x]),
                    TextPosition = new DataPoint(x, y),
                    TextHorizontalAlignment = HorizontalAlignment.Center,
                    TextVerticalAlignment = VerticalAlignment.Middle,
                    TextColor = PlotStyle.InkOn(Colour(values[y, x], colours)),
                    StrokeThickness = 0,
                });
            }
        }
    }

    /// <summary>An axis with a name for every row (the first one on top) or column.</summary>
    internal static CategoryAxis Names(IReadOnlyList<string> names, AxisPosition position, string title)
    {
        var axis = PlotStyle.Styled(new CategoryAxis { GapWidth = 0 }, position, title, grid: false);
        axis.TickStyle = TickStyle.None;
        axis.IsTickCentered = true;
        axis.AxisTitleDistance = 14;
        axis.Labels.AddRange(names);
        if (position == AxisPosition.Left) (axis.StartPosition, axis.EndPosition) = (1, 0);
        return axis;
    }

    /// <summary>The colour scale.</summary>
    internal static LinearColorAxis Scale(OxyPalette palette, string title, double low, double high)
    {
        var axis = PlotStyle.Styled(new LinearColorAxis(), AxisPosition.Right, title, grid: false);
        axis.Palette = palette;
        axis.InvalidNumberColor = PlotStyle.Missing;
        (axis.Minimum, axis.Maximum) = (low, high);
        return axis;
    }

    /// <summary>What the axis will answer once the plot is laid out.</summary>
    private static OxyColor Colour(double value, LinearColorAxis colours)
    {
        var shades = colours.Palette.Colors;
        var share = (value - colours.Minimum) / (colours.Maximum - colours.Minimum);
        return shades[(int)Math.Clamp(share * shades.Count, 0, shades.Count - 1)];
    }

    private static double[,] Transposed(double[,] values)
    {
        var turned = new double[values.GetLength(1), values.GetLength(0)];
        for (var y = 0; y < values.GetLength(0); y++)
            for (var x = 0; x < values.GetLength(1); x++) turned[x, y] = values[y, x];
        return turned;
    }
}
