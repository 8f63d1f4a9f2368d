using System.Text.RegularExpressions;

namespace Diffract.Tasks;

/// <summary>Reads lists of pictures: text files with a path a line, perhaps with a class behind it, and CSV files.
/// </summary>
internal static partial class PictureList
{
    /// <summary>Whether a file's name is that of a list.</summary>
    public static bool IsList(string path) => IsCsv(path) || Path.GetExtension(path).ToLowerInvariant() is ".txt"
        or ".lst" or ".list";

    /// <summary>Whether a line of a text file names a picture.</summary>
    public static bool NamesPicture(string line) => Line().IsMatch(line);

    /// <summary>The rows of a list.</summary>
    /// <exception cref="DatasetException">A line is damaged, or the list is empty.</exception>
    public static IReadOnlyList<ListRow> Read(string path)
    {
        IReadOnlyList<ListRow> rows = IsCsv(path) ? CsvList.Read(path)
            : [.. AnnotationFile.Lines(path).Select(line => Parse(line.Place, line.Text))];
        if (rows.Count == 0) throw new DatasetException($"{path}: the list is empty");
        foreach (var row in rows)
            if (row.Label is null != rows[0].Label is null)
                throw row.Place.Fault("some lines have a class, others have none");
        return rows;
    }

    private static bool IsCsv(string path) => path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase);

    // Paths and names of classes may have blanks in them: the path ends with the ending of a picture.
    private static ListRow Parse(AnnotationPlace place, string text)
    {
        var match = Line().Match(text);
        if (!match.Success)
            throw place.Fault($"a picture's path is expected, and perhaps a blank and its class, found '{text}'");
        return new(place, match.Groups[1].Value, match.Groups[2].Success ? match.Groups[2].Value : null, null);
    }

    [GeneratedRegex(@"^(.+?\.(?:jpe?g|png|bmp|gif))(?:\s+(.+))?$", RegexOptions.IgnoreCase)]
    private static partial Regex Line();
}
