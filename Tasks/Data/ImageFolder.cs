namespace Diffract.Tasks;

/// <summary>Pictures in folders. Listed depth first, every folder sorted by name (ordinal); with classes, the label is
/// the position of the name of the folder a picture lies in among the sorted names of all such folders. This is the
/// order and labelling of the published data loader.</summary>
public sealed class ImageFolder : ImageDataset
{
    // Deeper than any collection, so that a link to a folder above does not run for ever.
    private const int DeepestFolder = 40;

    private static readonly string[] extensions = [".jpg", ".jpeg", ".png", ".bmp", ".gif"];

    private readonly string root;
    private readonly List<string> ids;
    private readonly int[] labels;
    private readonly string[] classNames;
    private readonly ImageReadOptions? options;

    private ImageFolder(string root, List<string> ids, int[] labels, string[] classNames, ImageReadOptions? options) =>
        (this.root, this.ids, this.labels, this.classNames, this.options) = (root, ids, labels, classNames, options);

    /// <summary>Opens a folder that holds a folder of pictures per class, at any depth.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="options">How pictures are read.</param>
    /// <exception cref="DatasetException">There is no such folder, no picture in it, only one class, or pictures
    /// lie beside the folders of the classes.</exception>
    public static ImageFolder Open(string root, ImageReadOptions? options = null)
    {
        var ids = List(root);
        if (ids.FirstOrDefault(id => !id.Contains('/', StringComparison.Ordinal)) is { } stray)
            throw new DatasetException($"{root}: a folder per class is expected, but {stray} and perhaps others lie "
                + "directly in it");
        string[] names = [.. ids.Select(ClassOf).Distinct().Order(StringComparer.Ordinal)];
        if (names.Length < 2)
            throw new DatasetException($"{root}: at least two classes are needed, found {ids.Count} pictures of the "
                + $"only class '{names[0]}'; a folder per class is expected");
        var number = names.Select((name, label) => (name, label)).ToDictionary(pair => pair.name, pair => pair.label);
        return new(root, ids, [.. ids.Select(id => number[ClassOf(id)])], names, options);
    }

    /// <summary>Opens all pictures in a folder and below, without labels.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="options">How pictures are read.</param>
    /// <exception cref="DatasetException">There is no such folder, or no picture in it.</exception>
    public static ImageFolder OpenUnlabelled(string root, ImageReadOptions? options = null)
    {
        var ids = List(root);
        var labels = new int[ids.Count];
        Array.Fill(labels, Unlabelled);
        return new(root, ids, labels, [], options);
    }

    /// <inheritdoc/>
    public override int Count => ids.Count;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames => classNames;

    /// <inheritdoc/>
    public override int Label(int index) => labels[index];

    /// <inheritdoc/>
    public override string Id(int index) => ids[index];

    /// <summary>Where the picture is.</summary>
    public string FilePath(int index) => Path.Combine(root, ids[index]);

    /// <inheritdoc/>
    public override Image Load(int index) => ImageFile.Read(FilePath(index), options);

    /// <summary>The classes that <see cref="Open"/> would find, without listing all pictures.</summary>
    /// <exception cref="DatasetException">A folder cannot be read.</exception>
    internal static IReadOnlyList<string> ClassNamesIn(string root)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        AddBelow(root, DeepestFolder);
        return [.. names];

        void AddBelow(string folder, int depthLeft)
        {
            if (depthLeft == 0) throw TooDeep(root, Path.GetRelativePath(root, folder));
            foreach (var below in Reading(folder, () => Directory.GetDirectories(folder)))
            {
                if (Reading(below, () => Directory.EnumerateFiles(below).Any(IsPicture)))
                    names.Add(Path.GetFileName(below));
                AddBelow(below, depthLeft - 1);
            }
        }
    }

    private static bool IsPicture(string name) =>
        extensions.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase);

    private static DatasetException TooDeep(string root, string below) =>
        new($"{root}: folders are nested more than {DeepestFolder} deep ({below[..40]}...); does a link lead back up?");

    private static string ClassOf(string id) => Path.GetFileName(Path.GetDirectoryName(id)!);

    private static List<string> List(string root)
    {
        if (!Directory.Exists(root)) throw new DatasetException($"{root}: there is no such folder");
        var ids = new List<string>();
        List(root, "", ids, DeepestFolder);
        return ids.Count > 0 ? ids : throw new DatasetException($"{root}: no picture "
            + $"({string.Join(", ", extensions.Select(extension => extension[1..]))}) in this folder or below");
    }

    private static void List(string root, string below, List<string> ids, int depthLeft)
    {
        if (depthLeft == 0) throw TooDeep(root, below);
        var folder = Path.Combine(root, below);
        var entries = Reading(folder, () => new DirectoryInfo(folder).GetFileSystemInfos());
        Array.Sort(entries, (a, b) => string.CompareOrdinal(a.Name, b.Name));
        foreach (var entry in entries)
        {
            var id = below + entry.Name;
            // A link to a folder is listed as a folder.
            if (Directory.Exists(entry.FullName)) List(root, id + "/", ids, depthLeft - 1);
            else if (IsPicture(entry.Name)) ids.Add(id);
        }
    }

    private static T Reading<T>(string folder, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{folder}: the folder cannot be read ({e.Message})", e);
        }
    }
}
