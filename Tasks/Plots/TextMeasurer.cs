using OxyPlot;

namespace Diffract.Tasks;

/// <summary>Estimates how much room a text takes, without a font. Which font a viewer has is not known, so the estimate
/// is that of a wide one (DejaVu Sans): a text may get too much room, but is not cut.</summary>
internal sealed class TextMeasurer : RenderContextBase
{
    private const double LineHeight = 1.17;
    private const double Bold = 1.12;

    public override int ClipCount => 0;

    public override OxySize MeasureText(string text, string fontFamily, double fontSize, double fontWeight)
    {
        if (string.IsNullOrEmpty(text)) return OxySize.Empty;
        var lines = text.Split('\n');
        var width = lines.Max(line => line.Sum(Width)) * fontSize * (fontWeight > FontWeights.Normal ? Bold : 1);
        return new OxySize(width, lines.Length * fontSize * LineHeight);
    }

    public override void DrawLine(IList<ScreenPoint> points, OxyColor stroke, double thickness,
        EdgeRenderingMode edgeRenderingMode, double[] dashArray, LineJoin lineJoin) => throw MeasuresOnly();

    public override void DrawPolygon(IList<ScreenPoint> points, OxyColor fill, OxyColor stroke, double thickness,
        EdgeRenderingMode edgeRenderingMode, double[] dashArray, LineJoin lineJoin) => throw MeasuresOnly();

    public override void DrawText(ScreenPoint p, string text, OxyColor fill, string fontFamily, double fontSize,
        double fontWeight, double rotation, HorizontalAlignment horizontalAlignment,
        VerticalAlignment verticalAlignment, OxySize? maxSize) => throw MeasuresOnly();

    public override void PushClip(OxyRect clippingRectangle) => throw MeasuresOnly();

    public override void PopClip() => throw MeasuresOnly();

    private static NotSupportedException MeasuresOnly() => new("this context measures and does not draw");

    /// <summary>Width of a character as a share of the font's size.</summary>
    private static double Width(char character) => character switch
    {
        'i' or 'j' or 'l' or '.' or ',' or ':' or ';' or '\'' or '|' or ' ' or 'I' => 0.33,
        'f' or 't' or 'r' or '(' or ')' or '[' or ']' or '/' or '-' => 0.41,
        'm' or 'w' or 'M' or 'W' or '@' or '%' or '=' or '+' or '<' or '>' => 0.92,
        >= 'A' and <= 'Z' => 0.72,
        // Wide scripts, such as Chinese, take a square.
        >= '\u2E80' => 1,
        _ => 0.62,
    };
}
