using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace Diffract.Tasks;

/// <summary>Points with their names beside them: what something costs and what it is worth.</summary>
public static class PointPlot
{
    // A name that would leave the picture stands on the point's other side.
    private const double Right = 0.7;

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
        model.Axes.Add(PlotStyle.Styled(new LinearAxis { MinimumPadding = 0.08, MaximumPadding = 0.08 },
            AxisPosition.Bottom, xLabel));
        model.Axes.Add(PlotStyle.Styled(new LinearAxis { MinimumPadding = 0.08, MaximumPadding = 0.08 },
            AxisPosition.Left, yLabel));
        var series = new ScatterSeries
        {
            MarkerType = MarkerType.Circle,
            MarkerSize = 4.5,
            MarkerFill = PlotStyle.Series(0),
        };
        var (least, most) = points.Count == 0 ? (0, 0) : (points.Min(p => p.X), points.Max(p => p.X));
        foreach (var (name, x, y) in points)
        {
            series.Points.Add(new ScatterPoint(x, y));
            var isRight = most > least && (x - least) / (most - least) > Right;
            model.Annotations.Add(new TextAnnotation
            {
                Text = name,
                TextPosition = new DataPoint(x, y),
                Offset = new ScreenVector(isRight ? -8 : 8, 0),
                TextHorizontalAlignment = isRight ? HorizontalAlignment.Right : HorizontalAlignment.Left,
                TextVerticalAlignment = VerticalAlignment.Middle,
                StrokeThickness = 0,
            });
        }
        model.Series.Add(series);
        return new Plot(model, width, height);
    }
}
