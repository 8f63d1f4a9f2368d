using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;

namespace Diffract.Tasks;

/// <summary>How all plots look: white ground, thin grey grid, colours that people with colour-blindness can tell apart.
/// </summary>
internal static class PlotStyle
{
    public const string Font = "Helvetica, Arial, sans-serif";
    public const double TitleSize = 15;
    public const double TextSize = 12;

    public static readonly OxyColor Ink = OxyColor.FromRgb(0x22, 0x26, 0x2B);
    public static readonly OxyColor Faint = OxyColor.FromRgb(0xE3, 0xE6, 0xEA);
    public static readonly OxyColor Frame = OxyColor.FromRgb(0x9A, 0xA1, 0xA9);
    public static readonly OxyColor Missing = OxyColor.FromRgb(0xEC, 0xEC, 0xEC);

    // The palette of Okabe and Ito (2008), without black and with yellow, which is weak on white, last.
    private static readonly OxyColor[] series =
    [
        OxyColor.FromRgb(0x00, 0x72, 0xB2), OxyColor.FromRgb(0xD5, 0x5E, 0x00), OxyColor.FromRgb(0x00, 0x9E, 0x73),
        OxyColor.FromRgb(0xCC, 0x79, 0xA7), OxyColor.FromRgb(0xE6, 0x9F, 0x00), OxyColor.FromRgb(0x56, 0xB4, 0xE9),
        OxyColor.FromRgb(0xF0, 0xE4, 0x42),
    ];

    public static OxyColor Series(int index) => series[index % series.Length];

    /// <summary>Lines beyond the number of colours repeat them in another dash.</summary>
    public static LineStyle Dash(int index) => (index / series.Length % 3) switch
    {
        0 => LineStyle.Solid,
        1 => LineStyle.Dash,
        _ => LineStyle.Dot,
    };

    public static PlotModel Model(string title) => new()
    {
        Title = title,
        Culture = System.Globalization.CultureInfo.InvariantCulture,
        DefaultFont = Font,
        DefaultFontSize = TextSize,
        TitleFontSize = TitleSize,
        TitleFontWeight = FontWeights.Bold,
        TitlePadding = 10,
        TextColor = Ink,
        Background = OxyColors.White,
        PlotAreaBorderColor = Frame,
        PlotAreaBorderThickness = new OxyThickness(1, 0, 0, 1),
        Padding = new OxyThickness(14, 10, 18, 12),
    };

    public static TAxis Styled<TAxis>(TAxis axis, AxisPosition position, string title, bool grid = true)
        where TAxis : Axis
    {
        axis.Position = position;
        axis.Title = title;
        // The numbers of a vertical axis lie between it and its title, and fonts are wider than they are measured.
        axis.AxisTitleDistance = position == AxisPosition.Left ? 14 : 8;
        axis.TickStyle = TickStyle.Outside;
        axis.TicklineColor = Frame;
        axis.MinorTickSize = 0;
        axis.MajorGridlineStyle = grid ? LineStyle.Solid : LineStyle.None;
        axis.MajorGridlineColor = Faint;
        axis.MajorGridlineThickness = 1;
        return axis;
    }

    public static Legend LegendAbove() => new()
    {
        LegendPlacement = LegendPlacement.Outside,
        LegendPosition = LegendPosition.TopLeft,
        LegendOrientation = LegendOrientation.Horizontal,
        LegendMargin = 4,
        LegendItemSpacing = 18,
        LegendSymbolLength = 22,
    };

    /// <summary>Black or white, whichever is easier to read on a colour (relative luminance of WCAG 2).</summary>
    public static OxyColor InkOn(OxyColor ground)
    {
        var luminance = 0.2126 * Linear(ground.R) + 0.7152 * Linear(ground.G) + 0.0722 * Linear(ground.B);
        return luminance > 0.179 ? OxyColors.Black : OxyColors.White;
    }

    private static double Linear(byte channel)
    {
        var value = channel / 255.0;
        return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
    }
}
