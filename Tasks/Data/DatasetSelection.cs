using System.Globalization;

namespace Diffract.Tasks;

/// <summary>A part of a data set that is named together with it: <c>FOLDER@WHAT</c>. WHAT is a share of the labels
/// (10%, or 10%:3 for another seed than 0), a named subset of ImageNet, or a file: a list of classes, of pictures, or
/// of pictures and classes with paths that start from the folder.</summary>
/// <param name="Folder">The data set.</param>
/// <param name="What">What of it.</param>
internal sealed record DatasetSelection(string Folder, string What)
{
    /// <summary>Takes a name apart; null when it names a folder or file as it stands, or has no @.</summary>
    public static DatasetSelection? Of(string path)
    {
        var at = path.LastIndexOf('@');
        return at <= 0 || at + 1 == path.Length || Directory.Exists(path) || File.Exists(path) ? null
            : new(path[..at], path[(at + 1)..]);
    }

    /// <summary>Whether there is a test part.</summary>
    public bool HasTest() => PairsList() is { } list ? ImageLists.HasTest(list) : Datasets.HasTest(Folder);

    /// <summary>Opens one part. Shares and lists of pictures choose from the training part; the test part stays whole.
    /// </summary>
    public ImageDataset Open(DatasetPart part, ImageReadOptions? options)
    {
        if (PairsList() is { } list) return ImageLists.Open(list, part == DatasetPart.Train, options, Folder);
        var data = Datasets.Open(Folder, part, options);
        if (ImageNetSubsets.Find(What) is { } synsets) return new ClassSubset(data, synsets);
        if (Share() is var (share, seed)) return part == DatasetPart.Train ? Split.Fraction(data, share, seed) : data;
        var file = ListFile() ?? throw new DatasetException($"{Folder}@{What}: '{What}' is no share (10%), no list "
            + $"file, and none of {string.Join(", ", ImageNetSubsets.Names)}");
        var lines = AnnotationFile.Lines(file);
        if (lines.Count > 0 && PictureList.NamesPicture(lines[0].Text))
            return part == DatasetPart.Train ? Split.FromList(data, file) : data;
        return new ClassSubset(data, Classes(data, lines));
    }

    // A line is the name of a class, perhaps with words of explanation behind it.
    private static List<string> Classes(
        ImageDataset data, IReadOnlyList<(AnnotationPlace Place, string Text)> lines)
    {
        var known = data.ClassNames.ToHashSet();
        return [.. lines.Select(line => known.Contains(line.Text) ? line.Text
            : line.Text.Split([' ', '\t', ','])[0] is var word && known.Contains(word) ? word
            : throw line.Place.Fault($"the data have no class '{line.Text}'"))];
    }

    // A list that says the classes too needs no class folders.
    private string? PairsList() => ListFile() is { } file && PictureList.IsList(file)
        && (AnnotationFile.Lines(file) is [var first, ..] && PictureList.NamesPicture(first.Text)
            || file.EndsWith(".csv", StringComparison.OrdinalIgnoreCase))
        && PictureList.Read(file)[0].Label is not null ? file : null;

    private string? ListFile() => new[] { What, Path.Combine(Folder, What) }.FirstOrDefault(File.Exists);

    private (double Share, ulong Seed)? Share()
    {
        var words = What.Split("%:");
        var percent = words.Length == 2 ? words[0] : What.EndsWith('%') ? What[..^1] : null;
        if (percent is null) return null;
        var seed = 0UL;
        if (!double.TryParse(percent, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            || number is not (> 0 and <= 100)
            || words.Length == 2 && !ulong.TryParse(words[1], CultureInfo.InvariantCulture, out seed))
            throw new DatasetException($"{Folder}@{What}: a share is a number above 0 and up to 100 with %, and "
                + "perhaps : and a seed");
        return (number / 100, seed);
    }
}
