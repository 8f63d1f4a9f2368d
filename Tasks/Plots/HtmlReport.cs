using System.Net;
using System.Text;

namespace Diffract.Tasks;

/// <summary>Builds a report in one HTML file that needs nothing else: plots and pictures are inside. Every text is
/// escaped.</summary>
/// <param name="title">Title of the page and its first heading.</param>
public sealed class HtmlReport(string title)
{
    private readonly StringBuilder body = new();

    /// <summary>Begins a section.</summary>
    public HtmlReport Heading(string text) => Line($"<h2>{Escape(text)}</h2>");

    /// <summary>Adds a paragraph.</summary>
    public HtmlReport Paragraph(string text) => Line($"<p>{Escape(text)}</p>");

    /// <summary>Adds a table. Columns of numbers are aligned to the right.</summary>
    /// <param name="headers">Names of the columns.</param>
    /// <param name="rows">The cells, as many in each row as there are columns.</param>
    /// <param name="caption">What the table shows.</param>
    /// <exception cref="ArgumentException">A row has another number of cells.</exception>
    public HtmlReport Table(IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<string>> rows,
        string caption = "")
    {
        if (rows.FirstOrDefault(row => row.Count != headers.Count) is { } odd)
            throw new ArgumentException(
                $"a row of {odd.Count} cells does not fit {headers.Count} columns", nameof(rows));
        var numeric = Enumerable.Range(0, headers.Count)
            .Select(column => rows.Count > 0 && rows.All(row => IsNumber(row[column]))).ToArray();
        string Cell(string tag, int column, string text) =>
            $"<{tag}{(numeric[column] ? " class=\"number\"" : "")}>{Escape(text)}</{tag}>";

        Line("<div class=\"wide\"><table>");
        if (caption.Length > 0) Line($"<caption>{Escape(caption)}</caption>");
        Line($"<thead><tr>{string.Concat(headers.Select((text, column) => Cell("th", column, text)))}</tr></thead>");
        Line("<tbody>");
        foreach (var row in rows) Line($"<tr>{string.Concat(row.Select((text, i) => Cell("td", i, text)))}</tr>");
        return Line("</tbody></table></div>");
    }

    /// <summary>Adds names and values, such as settings, as a table without a head.</summary>
    public HtmlReport Facts(IReadOnlyList<(string Name, string Value)> facts)
    {
        Line("<div class=\"wide\"><table class=\"facts\"><tbody>");
        foreach (var (name, value) in facts) Line($"<tr><th>{Escape(name)}</th><td>{Escape(value)}</td></tr>");
        return Line("</tbody></table></div>");
    }

    /// <summary>Adds a plot with a caption.</summary>
    public HtmlReport Plot(Plot plot, string caption = "") =>
        Figure($"<img src=\"{DataUri("image/svg+xml", Encoding.UTF8.GetBytes(plot.ToSvg()))}\" width=\"{plot.Width}\" "
            + $"height=\"{plot.Height}\" alt=\"{Escape(plot.Title)}\">", caption);

    /// <summary>Adds a picture with a caption.</summary>
    public HtmlReport Picture(Image image, string caption = "") => Figure(ImageTag(image, 1, caption), caption);

    /// <summary>Adds pictures side by side, each with its caption beneath.</summary>
    /// <param name="pictures">Pictures and captions.</param>
    /// <param name="zoom">How many pixels wide and high a pixel becomes; small pictures are hard to see.</param>
    public HtmlReport Gallery(IReadOnlyList<(Image Image, string Caption)> pictures, int zoom = 1)
    {
        Line("<div class=\"gallery\">");
        foreach (var (image, caption) in pictures) Figure(ImageTag(image, zoom, caption), caption);
        return Line("</div>");
    }

    /// <summary>Adds text as it is, such as a command or a recipe.</summary>
    public HtmlReport Preformatted(string text) => Line($"<pre>{Escape(text)}</pre>");

    /// <summary>The page.</summary>
    public string ToHtml() => $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{Escape(title)}</title>
        <style>
        {HtmlStyle.Css}
        </style>
        </head>
        <body>
        <main>
        <h1>{Escape(title)}</h1>
        {body}</main>
        </body>
        </html>

        """;

    /// <summary>Writes the page. The file appears whole or not at all.</summary>
    public void Save(string path) => OutputFile.WriteText(path, ToHtml());

    private static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static bool IsNumber(string text) =>
        text.Length > 0 && (char.IsAsciiDigit(text[0]) || text[0] is '-' or '+' or '.') && text.Any(char.IsAsciiDigit);

    private static string DataUri(string type, byte[] data) => $"data:{type};base64,{Convert.ToBase64String(data)}";

    private static string ImageTag(Image image, int zoom, string alternative) =>
        $"<img src=\"{DataUri("image/png", PngWriter.Encode(image))}\" width=\"{image.Width * zoom}\" "
        + $"height=\"{image.Height * zoom}\" alt=\"{Escape(alternative)}\">";

    private HtmlReport Figure(string content, string caption) => Line(
        $"<figure>{content}{(caption.Length > 0 ? $"<figcaption>{Escape(caption)}</figcaption>" : "")}</figure>");

    private HtmlReport Line(string html)
    {
        body.Append(html).Append('\n');
        return this;
    }
}
