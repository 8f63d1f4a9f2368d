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
    private const double Padding = 0.08, Beside = 8;

    // What is around the plot's area, and what a line and a character of a name take, in pixels.
    private const double Around = 110, Line = PlotStyle.TextSize + 2, Character = 0.62 * PlotStyle.TextSize;

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
        model.Axes.Add(PlotStyle.Styled(new LinearAxis { MinimumPadding = Padding, MaximumPadding = Padding },
            AxisPosition.Bottom, xLabel));
        model.Axes.Add(PlotStyle.Styled(new LinearAxis { MinimumPadding = Padding, MaximumPadding = Padding },
            AxisPosition.Left, yLabel));
        var series = new ScatterSeries
        {
            MarkerType = MarkerType.Circle,
            MarkerSize = 4.5,
            MarkerFill = PlotStyle.Series(0),
        };
        var (x, y) = (Share([.. points.Select(p => p.X)]), Share([.. points.Select(p => p.Y)]));
        var taken = new List<(double Left, double Top, double Right)>();
        foreach (var i in Enumerable.Range(0, points.Count).OrderByDescending(i => y[i]))
        {
            series.Points.Add(new ScatterPoint(points[i].X, points[i].Y));
            var isRight = x[i] > Right;
            var (across, down) = (x[i] * (width - Around), (1 - y[i]) * (height - Around));
            var length = Beside + Character * points[i].Name.Length;
            var (left, right) = isRight ? (across - length, across) : (across, across + length);
            // From the highest point on, each name goes as far down as those before it leave room.
            var top = down;
            foreach (var other in taken.OrderBy(t => t.Top))
                if (other.Left < right && left < other.Right && Math.Abs(top - other.Top) < Line)
                    top = other.Top + Line;
            taken.Add((left, top, right));
            model.Annotations.Add(new TextAnnotation
            {
                Text = points[i].Name,
                TextPosition = new DataPoint(points[i].X, points[i].Y),
                Offset = new ScreenVector(isRight ? -Beside : Beside, top - down),
                TextHorizontalAlignment = isRight ? HorizontalAlignment.Right : HorizontalAlignment.Left,
                TextVerticalAlignment = VerticalAlignment.Middle,
                StrokeThickness = 0,
            });
        }
        model.Series.Add(series);
        return new Plot(model, width, height);
    }

    // Where each lies between the ends of an axis, 0 to 1.
    private static double[] Share(double[] values)
    {
        var (least, range) = values.Length == 0 ? (0, 0) : (values.Min(), values.Max() - values.Min());
        return [.. values.Select(v => range > 0 ? ((v - least) / range + Padding) / (1 + 2 * Padding) : 0)];
    }
}
