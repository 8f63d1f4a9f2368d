using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace Diffract.Tasks;

/// <summary>Points with their names beside them: what something costs and what it is worth.</summary>
public static class PointPlot
{
    private const double Padding = 0.08, Radius = 4.5;

    // Text is drawn on the foot of its box, and has little below its line.
    private const double Raise = 0.22 * PlotStyle.TextSize;

    /// <summary>Draws points.</summary>
    /// <param name="title">Title of the plot.</param>
    /// <param name="xLabel">What the positions are, with their unit.</param>
    /// <param name="yLabel">What the values are, with their unit.</param>
    /// <param name="points">Names, positions and values.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    public static Plot Draw(string title, string xLabel, string yLabel,
        IReadOnlyList<(string Name, double X, double Y)> points, int width = 760, int height = 420)
    {
        var model = PlotStyle.Model(title);
        var x = PlotStyle.Styled(new LinearAxis { MinimumPadding = Padding, MaximumPadding = Padding },
            AxisPosition.Bottom, xLabel);
        var y = PlotStyle.Styled(new LinearAxis { MinimumPadding = Padding, MaximumPadding = Padding },
            AxisPosition.Left, yLabel);
        model.Axes.Add(x);
        model.Axes.Add(y);
        var series = new ScatterSeries
        {
            MarkerType = MarkerType.Circle,
            MarkerSize = Radius,
            MarkerFill = PlotStyle.Series(0),
        };
        series.Points.AddRange(points.Select(point => new ScatterPoint(point.X, point.Y)));
        model.Series.Add(series);
        var plot = new Plot(model, width, height);
        // Where points come to lie is known once the axes are laid out, which lines to names must not change.
        _ = plot.ToSvg();
        foreach (var axis in (LinearAxis[])[x, y])
            (axis.Minimum, axis.Maximum) = (axis.ActualMinimum, axis.ActualMaximum);
        ScreenPoint[] places = [.. points.Select(p => new ScreenPoint(x.Transform(p.X), y.Transform(p.Y)))];
        var measurer = new TextMeasurer();
        var names = NamePlaces.Find(places, [.. points.Select(p =>
            measurer.MeasureText(p.Name, PlotStyle.Font, PlotStyle.TextSize, FontWeights.Normal))], model.PlotArea);
        for (var i = 0; i < points.Count; i++)
        {
            if (names[i].Leader is { } end) model.Series.Insert(0, Leader(x, y, places[i], end));
            model.Annotations.Add(
                Name(points[i].Name, new DataPoint(points[i].X, points[i].Y), places[i], names[i]));
        }
        return plot;
    }

    private static LineSeries Leader(LinearAxis x, LinearAxis y, ScreenPoint from, ScreenPoint to)
    {
        var line = new LineSeries { Color = PlotStyle.Frame, StrokeThickness = 1 };
        foreach (var end in (ScreenPoint[])[from, to])
            line.Points.Add(new DataPoint(x.InverseTransform(end.X), y.InverseTransform(end.Y)));
        return line;
    }

    private static TextAnnotation Name(string name, DataPoint point, ScreenPoint at, NamePlace place) => new()
    {
        Text = name,
        TextPosition = point,
        Offset = new ScreenVector(place.Across switch
        {
            HorizontalAlignment.Left => place.Box.Left,
            HorizontalAlignment.Right => place.Box.Right,
            _ => place.Box.Center.X,
        } - at.X, place.Box.Center.Y - Raise - at.Y),
        TextHorizontalAlignment = place.Across,
        TextVerticalAlignment = VerticalAlignment.Middle,
        StrokeThickness = 0,
    };
}
