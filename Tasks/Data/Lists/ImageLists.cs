using System.Globalization;

namespace Diffract.Tasks;

/// <summary>Data sets that lists of pictures describe: one list, perhaps with a column that says the part, or a list
/// for each part (train.csv and test.csv, or train.txt and val.txt) in a folder.</summary>
internal static class ImageLists
{
    private const string ClassFile = "classes.txt";

    // Numbers above this are no classes; a damaged one shall not ask for memory.
    private const int MostClasses = 1_000_000;

    private static readonly string[] endings = [".csv", ".txt"];
    private static readonly string[] whole = ["labels.csv", "annotations.csv", "images.csv"];
    private static readonly (string Name, ListPart Part)[] parts =
        [("train", ListPart.Train), ("val", ListPart.Validation), ("test", ListPart.Test)];

    /// <summary>Whether a folder holds lists by their usual names.</summary>
    public static bool IsIn(string folder) => Files(folder).Any();

    /// <summary>Whether there are test pictures in a folder of lists, or in a list.</summary>
    public static bool HasTest(string path) => Rows(path).Any(row => row.Part is ListPart.Validation or ListPart.Test);

    /// <summary>Opens one part of a folder of lists, or of a list.</summary>
    /// <param name="path">The folder or the list. A list without parts is opened whole for training.</param>
    /// <param name="train">Which part. Validation pictures are the test part where there are no test pictures, else
    /// they belong to the training part.</param>
    /// <param name="options">How pictures are read.</param>
    /// <param name="root">The folder that paths in the list start from; the one it lies in when null.</param>
    public static ImageDataset Open(string path, bool train, ImageReadOptions? options, string? root = null)
    {
        var rows = Rows(path);
        root ??= Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!train && rows[0].Part is null)
            throw new DatasetException($"{path}: the list has no parts; name the list of the test pictures instead");
        var classFile = Path.Combine(root, ClassFile);
        string[] names = File.Exists(classFile) ? [.. AnnotationFile.Lines(classFile).Select(line => line.Text)]
            : Names(rows);
        var label = names.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
        var hasTest = rows.Any(row => row.Part == ListPart.Test);
        var images = rows.Where(row => train == IsTrain(row.Part, hasTest))
            .Select(row => new ListedImage(row.Path, Label(row), row.Place)).ToList();
        return new ListedImages(root, images, names, options);

        int Label(ListRow row)
        {
            var name = Class(row);
            if (label.TryGetValue(name, out var known)) return known;
            if (row.Label is not null && Number(name) is { } number)
                return AnnotationFile.InRange(row.Place, number, "a class", 0, names.Length - 1);
            throw row.Place.Fault($"there is no class '{name}' in {classFile}");
        }
    }

    private static bool IsTrain(ListPart? part, bool hasTest) =>
        part is null or ListPart.Train || part == ListPart.Validation && hasTest;

    private static List<ListRow> Rows(string path) => Directory.Exists(path)
        ? [.. Files(path).SelectMany(file => PictureList.Read(file.Path)
            .Select(row => file.Part is { } part ? row with { Part = part } : row))]
        : [.. PictureList.Read(path)];

    private static IEnumerable<(string Path, ListPart? Part)> Files(string folder)
    {
        var single = whole.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        if (single is not null) return [(single, null)];
        return parts.SelectMany(part => endings
            .Select(ending => (Path.Combine(folder, part.Name + ending), (ListPart?)part.Part))
            .Where(file => File.Exists(file.Item1)).Take(1));
    }

    // Numbers are classes counted from 0, whether each has a picture or not; else names are sorted.
    private static string[] Names(List<ListRow> rows)
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
