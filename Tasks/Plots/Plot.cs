using OxyPlot;

namespace Diffract.Tasks;

/// <summary>A finished plot, to be saved or embedded as SVG: text stays text, and no font or native library is needed
/// to make it.</summary>
public sealed class Plot
{
    private readonly PlotModel model;

    internal Plot(PlotModel model, int width, int height)
    {
        const int margins = 40;
        var title = new TextMeasurer().MeasureText(model.Title, model.DefaultFont, model.TitleFontSize,
            model.TitleFontWeight);
        (this.model, Width, Height) = (model, Math.Max(width, (int)title.Width + margins), height);
    }

    /// <summary>Width in pixels at natural size.</summary>
    public int Width { get; }

    /// <summary>Height in pixels at natural size.</summary>
    public int Height { get; }

    /// <summary>The title.</summary>
    public string Title => model.Title;

    /// <summary>The plot as an SVG document.</summary>
    public string ToSvg()
    {
        // A model remembers its last drawing and may be drawn by one thread at a time.
        lock (model)
        {
            var exporter = new SvgExporter
            {
                Width = Width,
                Height = Height,
                IsDocument = true,
                // Not every viewer knows dominant-baseline.
                UseVerticalTextAlignmentWorkaround = true,
                TextMeasurer = new TextMeasurer(),
            };
            return exporter.ExportToString(model);
        }
    }

    /// <summary>Writes the SVG document. The file appears whole or not at all.</summary>
    public void Save(string path) => OutputFile.WriteText(path, ToSvg());
}
