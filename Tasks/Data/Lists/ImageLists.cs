namespace Diffract.Tasks;

/// <summary>Data sets that lists of pictures describe: one list, perhaps with a column that says the part, or a list
/// for each part (train.csv and test.csv, or train.txt and val.txt) in a folder.</summary>
internal static class ImageLists
{
    private const string ClassFile = "classes.txt";

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
        var classes = new ListClasses(rows, Path.Combine(root, ClassFile));
        var hasTest = rows.Any(row => row.Part == ListPart.Test);
        var images = rows.Where(row => train == IsTrain(row.Part, hasTest))
            .Select(row => new ListedImage(row.Path, classes.Label(row), row.Place)).ToList();
        return new ListedImages(root, images, classes.Names, options);
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
}
