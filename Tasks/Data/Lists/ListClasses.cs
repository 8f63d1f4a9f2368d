using System.Globalization;

namespace Diffract.Tasks;

/// <summary>The classes of a list. Labels that are all numbers are classes counted from 0, else names. A file of names
/// says their order, and may have names that are numbers: labels are these when all of them are.</summary>
internal sealed class ListClasses
{
    // Numbers above this are no classes; a damaged one shall not ask for memory.
    private const int MostClasses = 1_000_000;

    private readonly string classFile;
    private readonly Dictionary<string, int> known;

    /// <param name="rows">All rows of the list.</param>
    /// <param name="classFile">The file of names, which need not exist.</param>
    /// <exception cref="DatasetException">A label is no class, or may be one of two.</exception>
    public ListClasses(IReadOnlyList<ListRow> rows, string classFile)
    {
        this.classFile = classFile;
        if (!File.Exists(classFile))
        {
            Names = FromLabels(rows);
            known = Names.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
            return;
        }
        var lines = AnnotationFile.Lines(classFile);
        Names = [.. lines.Select(line => line.Text)];
        known = AreNumbers(rows) ? [] : AnnotationFile.Positions(lines);
    }

    /// <summary>Names of the classes, label 0 first.</summary>
    public string[] Names { get; }

    /// <summary>The class of a row.</summary>
    /// <exception cref="DatasetException">There is no such class.</exception>
    public int Label(ListRow row)
    {
        var name = Class(row);
        if (known.TryGetValue(name, out var label)) return label;
        if (row.Label is not null && Number(name) is { } number)
            return AnnotationFile.InRange(row.Place, number, "a class", 0, Names.Length - 1);
        throw row.Place.Fault($"there is no class '{name}' in {classFile}");
    }

    // Where labels can be read in both ways, and mean other classes then, nothing tells which is meant.
    private bool AreNumbers(IReadOnlyList<ListRow> rows)
    {
        if (rows[0].Label is null || rows.Any(row => Number(row.Label!) is null)) return false;
        var named = Names.ToHashSet();
        if (rows.Any(row => !named.Contains(row.Label!))) return true;
        if (!rows.All(row => IsPlain(row.Label!) && Number(row.Label!) < Names.Length)) return false;
        if (rows.FirstOrDefault(row => Names[Number(row.Label!)!.Value] != row.Label) is { } odd)
            throw odd.Place.Fault($"'{odd.Label}' is the name of a class in {classFile}, and the number of another one "
                + $"there, '{Names[Number(odd.Label!)!.Value]}': give the classes names that are no numbers");
        return true;
    }

    // Numbers are classes counted from 0, whether each has a picture or not; else names are sorted.
    private static string[] FromLabels(IReadOnlyList<ListRow> rows)
    {
        var names = rows.Select(Class).ToHashSet();
        if (rows[0].Label is null || names.Any(name => Number(name) is null))
            return [.. names.Order(StringComparer.Ordinal)];
        var most = rows.Max(row =>
            AnnotationFile.InRange(row.Place, Number(row.Label!)!.Value, "a class", 0, MostClasses));
        return [.. Enumerable.Range(0, most + 1).Select(number => $"{number}")];
    }

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    // 007 is a name, as who counts does not write zeros in front.
    private static bool IsPlain(string text) => Number(text) is >= 0 and var number && $"{number}" == text;

    // Without a class in the list it is the folder, as in a folder per class.
    private static string Class(ListRow row)
    {
        if (row.Label is not null) return row.Label;
        var folder = Path.GetFileName(Path.GetDirectoryName(row.Path));
        return string.IsNullOrEmpty(folder)
            ? throw row.Place.Fault($"{row.Path} has neither a class nor a folder that names it; FOLDER@LIST takes the "
                + "listed pictures out of a folder per class")
            : folder;
    }
}
