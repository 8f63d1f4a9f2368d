using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Grey pictures and labels in a pair of IDX files: MNIST, Fashion-MNIST and their kin. Every picture has its
/// grey repeated in three channels.</summary>
public sealed class IdxDataset : ImageDataset
{
    private static readonly string[] fashion =
        ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    // Both separators are about: the files of the original site unpack to train-images.idx3-ubyte.
    private static readonly string[] spellings = ["{0}-{1}", "{0}-{1}.gz", "{0}.{1}", "{0}.{1}.gz"];

    private readonly string name;
    private readonly IdxFile images;
    private readonly byte[] labels;
    private readonly string[] classNames;
    private readonly int padTo;

    private IdxDataset(string name, IdxFile images, byte[] labels, IReadOnlyList<string>? names, int padTo)
    {
        var classes = labels.Max() + 1;
        if (names is not null && names.Count < classes)
            throw new DatasetException($"{name}: labels go up to {classes - 1}, but {names.Count} classes have names");
        (this.name, this.images, this.labels, this.padTo) = (name, images, labels, padTo);
        classNames = names is null ? [.. Enumerable.Range(0, classes).Select(label => $"{label}")] : [.. names];
    }

    /// <summary>Names of the ten classes of Fashion-MNIST.</summary>
    public static IReadOnlyList<string> FashionNames => fashion;

    /// <summary>Opens one half of a folder with the usual four files: train-images-idx3-ubyte,
    /// train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, with or without .gz.</summary>
    /// <param name="folder">The folder. When its name contains "fashion", classes have the names of Fashion-MNIST,
    /// else their numbers.</param>
    /// <param name="train">True for the training pictures, false for the test pictures (t10k).</param>
    /// <param name="padTo">Side to which pictures are padded with black, evenly on all sides; 0 leaves them.</param>
    /// <exception cref="DatasetException">A file is missing, or the two disagree.</exception>
    /// <exception cref="FileFormatException">A file is truncated or of another kind.</exception>
    public static IdxDataset Open(string folder, bool train, int padTo = 32)
    {
        var part = train ? "train" : "t10k";
        var images = Find(folder, $"{part}-images", "idx3-ubyte");
        var labels = Find(folder, $"{part}-labels", "idx1-ubyte");
        var isFashion = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))
            .Contains("fashion", StringComparison.OrdinalIgnoreCase);
        return Open(images, labels, isFashion ? fashion : null, padTo);
    }

    /// <summary>Opens a pair of files.</summary>
    /// <param name="imagesPath">Pictures: three axes (number, rows, columns).</param>
    /// <param name="labelsPath">Labels: one axis.</param>
    /// <param name="classNames">Names of the classes; their numbers when left out.</param>
    /// <param name="padTo">Side to which pictures are padded with black, evenly on all sides; 0 leaves them.</param>
    /// <exception cref="DatasetException">A file is missing, or the two disagree.</exception>
    /// <exception cref="FileFormatException">A file is truncated or of another kind.</exception>
    public static IdxDataset Open(
        string imagesPath, string labelsPath, IReadOnlyList<string>? classNames = null, int padTo = 32)
    {
        var (images, labels) = (IdxFile.Read(imagesPath, axes: 3), IdxFile.Read(labelsPath, axes: 1));
        if (images.Lengths[0] != labels.Lengths[0])
            throw new DatasetException($"{imagesPath} has {images.Lengths[0]} pictures, but {labelsPath} has "
                + $"{labels.Lengths[0]} labels");
        if (padTo != 0 && padTo < Math.Max(images.Lengths[1], images.Lengths[2]))
            throw new DatasetException($"{imagesPath}: pictures of {images.Lengths[2]}x{images.Lengths[1]} cannot be "
                + $"padded to {padTo}x{padTo}");
        return new(Path.GetFileName(imagesPath), images, labels.Elements, classNames, padTo);
    }

    /// <summary>Whether a folder holds files of this kind.</summary>
    public static bool IsIn(string folder) =>
        Candidates(folder, "train-images", "idx3-ubyte").Concat(Candidates(folder, "t10k-images", "idx3-ubyte"))
            .Any(File.Exists);

    /// <inheritdoc/>
    public override int Count => labels.Length;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames => classNames;

    /// <inheritdoc/>
    public override int Label(int index) => labels[index];

    /// <inheritdoc/>
    public override string Id(int index) => $"{name}#{index}";

    /// <inheritdoc/>
    public override Image Load(int index)
    {
        var (height, width) = (images.Lengths[1], images.Lengths[2]);
        var grey = images.Elements.AsSpan(index * height * width, height * width);
        var image = Image.FromGrey(width, height, grey);
        return padTo == 0 ? image : image.PadTo(padTo, padTo);
    }

    private static IEnumerable<string> Candidates(string folder, string stem, string kind) =>
        spellings.Select(spelling => Path.Combine(folder, string.Format(spelling, stem, kind)));

    private static string Find(string folder, string stem, string kind) =>
        Candidates(folder, stem, kind).FirstOrDefault(File.Exists)
        ?? throw new DatasetException($"{folder}: the file {stem}-{kind} (or .gz) is missing");
}
