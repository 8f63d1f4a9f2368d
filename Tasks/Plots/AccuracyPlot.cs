using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace Diffract.Tasks;

/// <summary>Accuracies as horizontal bars from zero, with 95 % confidence intervals, and values in figures.</summary>
public static class AccuracyPlot
{
    private const int BarHeight = 30;
    private const int AroundBars = 110;

    // The value of a bar that ends at 100 % stands beside the axis.
    private const double BesideAxis = 40;

    // Half the height of the strokes that end an interval, in bars.
    private const double Cap = 0.14;

    /// <summary>Draws bars, the first one on top.</summary>
    /// <param name="title">Title of the plot.</param>
    /// <param name="bars">The bars.</param>
    /// <param name="chance">What guessing would give, drawn as a broken line; left out when null.</param>
    /// <param name="width">Pixels.</param>
    public static Plot Draw(string title, IReadOnlyList<AccuracyBar> bars, double? chance = null, int width = 760)
    {
        var model = PlotStyle.Model(title);
        model.Padding = new OxyThickness(model.Padding.Left, model.Padding.Top, model.Padding.Right + BesideAxis,
            model.Padding.Bottom);
        var names = PlotStyle.Styled(new CategoryAxis { StartPosition = 1, EndPosition = 0, GapWidth = 0.45 },
            AxisPosition.Left, "", grid: false);
        names.TickStyle = TickStyle.None;
        names.Labels.AddRange(bars.Select(bar => bar.Name));
        model.Axes.Add(names);
        model.Axes.Add(PlotStyle.Styled(new LinearAxis { Minimum = 0, Maximum = 100, MajorStep = 20 },
            AxisPosition.Bottom, "accuracy in %, with 95 % confidence interval"
                + (chance is { } guess ? $"; broken line: chance ({100 * guess:0.##} %)" : "")));
        var series = new BarSeries { FillColor = OxyColor.FromAColor(190, PlotStyle.Series(0)), StrokeThickness = 0 };
        var intervals = new LineSeries { Color = PlotStyle.Ink, StrokeThickness = 1.3 };
        for (var i = 0; i < bars.Count; i++)
        {
            var (value, low, high) = (100 * bars[i].Value, 100 * bars[i].Low, 100 * bars[i].High);
            var isKnown = !double.IsNaN(value);
            series.Items.Add(new BarItem(isKnown ? value : 0));
            if (isKnown) AddInterval(intervals, low, high, i);
            model.Annotations.Add(new TextAnnotation
            {
                Text = isKnown ? $"{value:0.0}" : "no data",
                TextPosition = new DataPoint(isKnown ? high : 0, i),
                Offset = new ScreenVector(6, 0),
                TextHorizontalAlignment = HorizontalAlignment.Left,
                TextVerticalAlignment = VerticalAlignment.Middle,
                StrokeThickness = 0,
                ClipByXAxis = false,
            });
        }
        model.Series.Add(series);
        model.Series.Add(intervals);
        if (chance is { } share) model.Annotations.Add(ChanceLine(100 * share));
        return new Plot(model, width, AroundBars + BarHeight * bars.Count);
    }

    private static void AddInterval(LineSeries line, double low, double high, double at)
    {
        line.Points.AddRange(
        [
            new(low, at - Cap), new(low, at + Cap), DataPoint.Undefined,
            new(low, at), new(high, at), DataPoint.Undefined,
            new(high, at - Cap), new(high, at + Cap), DataPoint.Undefined,
        ]);
    }

    private static LineAnnotation ChanceLine(double at) => new()
    {
        Type = LineAnnotationType.Vertical,
        X = at,
        Color = PlotStyle.Series(1),
        LineStyle = LineStyle.Dash,
        StrokeThickness = 1.5,
    };
}
