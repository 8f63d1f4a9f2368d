using System.Text;

namespace Diffract.Tasks;

/// <summary>Reads CSV files of pictures: the columns path, class and part by their names in a first line, or in this
/// order without one. Fields may be quoted (RFC 4180), but have no line breaks.</summary>
internal static class CsvList
{
    private static readonly string[] pathNames =
        ["path", "image", "file", "filename", "file_name", "filepath", "image_path", "img_path", "relative_im_path"];
    private static readonly string[] labelNames =
        ["label", "class", "class_name", "class_id", "category", "target", "labels"];
    private static readonly string[] partNames = ["split", "part", "set", "subset"];

    /// <summary>The rows.</summary>
    public static List<ListRow> Read(string path)
    {
        var lines = AnnotationFile.Lines(path);
        if (lines.Count == 0) return [];
        var first = Fields(lines[0].Place, lines[0].Text);
        var (at, label, part) = (Column(first, pathNames), Column(first, labelNames), Column(first, partNames));
        var hasHeader = at >= 0;
        if (!hasHeader) (at, label, part) = (0, first.Count > 1 ? 1 : -1, first.Count > 2 ? 2 : -1);
        var rows = new List<ListRow>();
        foreach (var (place, text) in lines.Skip(hasHeader ? 1 : 0))
        {
            var fields = Fields(place, text);
            if (fields.Count != first.Count)
                throw place.Fault($"{first.Count} fields are expected, as in the first line, found {fields.Count}");
            if (fields[at].Length == 0) throw place.Fault("the picture's path is missing");
            if (label >= 0 && fields[label].Length == 0) throw place.Fault("the picture's class is missing");
            rows.Add(new(place, fields[at], label >= 0 ? fields[label] : null,
                part >= 0 ? Part(place, fields[part]) : null));
        }
        return rows;
    }

    private static int Column(List<string> header, string[] names) =>
        header.FindIndex(name => names.Contains(name, StringComparer.OrdinalIgnoreCase));

    private static ListPart Part(AnnotationPlace place, string word) => word.ToLowerInvariant() switch
    {
        "train" or "training" or "trainval" => ListPart.Train,
        "val" or "valid" or "validation" => ListPart.Validation,
        "test" or "testing" => ListPart.Test,
        _ => throw place.Fault($"a part is train, val or test, found '{word}'"),
    };

    private static List<string> Fields(AnnotationPlace place, string line)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        var isQuoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '"')
            {
                // Two quotes inside quotes are one that is meant.
                if (isQuoted && i + 1 < line.Length && line[i + 1] == '"') field.Append(line[i++]);
                else isQuoted = !isQuoted;
            }
            else if (line[i] == ',' && !isQuoted)
            {
                fields.Add(field.ToString().Trim());
                field.Clear();
            }
            else field.Append(line[i]);
        }
        if (isQuoted) throw place.Fault("a quote is not closed");
        fields.Add(field.ToString().Trim());
        return fields;
    }
}
