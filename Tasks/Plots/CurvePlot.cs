using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace Diffract.Tasks;

/// <summary>Lines over a common axis: losses over steps, accuracies over epochs.</summary>
public static class CurvePlot
{
    // Single points stand out up to this number; beyond, they would hide the line.
    private const int MostMarked = 40;

    /// <summary>Draws curves.</summary>
    /// <param name="title">Title of the plot.</param>
    /// <param name="xLabel">What the positions are, with their unit.</param>
    /// <param name="yLabel">What the values are, with their unit.</param>
    /// <param name="curves">The lines.</param>
    /// <param name="logY">Whether values are drawn on a logarithmic scale; those that are not positive then leave a
    /// gap, and without any positive value the scale stays linear.</param>
    /// <param name="logX">Whether positions are drawn on a logarithmic scale; all must be positive.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="percent">Whether values are percentages of a whole: the scale keeps between 0 and 100.</param>
    /// <exception cref="ArgumentException">A curve has not as many positions as values, its smoothing is not in
    /// [0, 1), or a position is not positive where the scale is logarithmic.</exception>
    public static Plot Draw(string title, string xLabel, string yLabel, IReadOnlyList<Curve> curves, bool logY = false,
        bool logX = false, int width = 760, int height = 420, bool percent = false)
    {
        foreach (var curve in curves)
        {
            if (curve.X.Count != curve.Y.Count)
                throw new ArgumentException(
                    $"curve '{curve.Name}' has {curve.X.Count} positions and {curve.Y.Count} values", nameof(curves));
            if (curve.Smoothing is not (>= 0 and < 1))
                throw new ArgumentException(
                    $"curve '{curve.Name}': smoothing lies in [0, 1), found {curve.Smoothing}", nameof(curves));
            if (logX && curve.X.Any(x => x <= 0))
                throw new ArgumentException(
                    $"curve '{curve.Name}' has a position that is not positive", nameof(curves));
        }
        var model = PlotStyle.Model(title);
        logY &= curves.Any(curve => curve.Y.Any(value => value > 0 && double.IsFinite(value)));
        var x = PlotStyle.Styled<Axis>(
            logX ? new LogarithmicAxis { PowerPadding = false, MinimumPadding = 0.05, MaximumPadding = 0.05 }
                : new LinearAxis { MinimumPadding = 0.01, MaximumPadding = 0.01 },
            AxisPosition.Bottom, xLabel);
        // Epochs, steps and blocks have nothing between two of them.
        if (!logX && curves.All(curve => curve.X.All(double.IsInteger))) x.MinimumMajorStep = 1;
        model.Axes.Add(x);
        var y = PlotStyle.Styled<Axis>(
            logY ? new LogarithmicAxis { PowerPadding = false, MinimumPadding = 0.05, MaximumPadding = 0.05 }
                : new LinearAxis { MinimumPadding = 0.05, MaximumPadding = 0.05 },
            AxisPosition.Left, yLabel);
        if (percent) (y.AbsoluteMinimum, y.AbsoluteMaximum) = (0, 100);
        model.Axes.Add(y);
        if (curves.Count > 1) model.Legends.Add(PlotStyle.LegendAbove());
        for (var i = 0; i < curves.Count; i++)
        {
            var colour = PlotStyle.Series(i);
            if (curves[i].Smoothing > 0)
            {
                var faint = OxyColor.FromAColor(70, colour);
                model.Series.Add(Line(curves[i].X, curves[i].Y, faint, LineStyle.Solid, 1, logY));
            }
            var values = curves[i].Smoothing > 0 ? Smooth(curves[i].Y, curves[i].Smoothing) : curves[i].Y;
            var line = Line(curves[i].X, values, colour, PlotStyle.Dash(i), 2, logY);
            line.Title = curves[i].Name;
            model.Series.Add(line);
        }
        return new Plot(model, width, height);
    }

    private static LineSeries Line(IReadOnlyList<double> x, IReadOnlyList<double> y, OxyColor colour, LineStyle style,
        double thickness, bool positive)
    {
        var line = new LineSeries
        {
            Color = colour,
            LineStyle = style,
            StrokeThickness = thickness,
            LineJoin = LineJoin.Round,
            MarkerType = x.Count <= MostMarked && thickness > 1 ? MarkerType.Circle : MarkerType.None,
            MarkerSize = 3,
            MarkerFill = colour,
        };
        for (var i = 0; i < x.Count; i++)
        {
            var drawn = double.IsFinite(y[i]) && (!positive || y[i] > 0);
            line.Points.Add(new DataPoint(x[i], drawn ? y[i] : double.NaN));
        }
        return line;
    }

    /// <summary>Exponential moving average, corrected for its start as in Adam (Kingma and Ba 2015, section 3); gaps
    /// are passed over.</summary>
    private static double[] Smooth(IReadOnlyList<double> values, double weight)
    {
        var smooth = new double[values.Count];
        var (mean, total) = (0.0, 0.0);
        for (var i = 0; i < smooth.Length; i++)
        {
            if (double.IsFinite(values[i]))
            {
                mean = weight * mean + (1 - weight) * values[i];
                total = weight * total + (1 - weight);
            }
            smooth[i] = double.IsFinite(values[i]) ? mean / total : double.NaN;
        }
        return smooth;
    }
}
