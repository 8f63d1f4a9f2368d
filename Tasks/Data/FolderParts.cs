using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Folders for the parts of a data set, with a folder per class in each: train, and one of val, validation,
/// valid and test, or test and one of the others.</summary>
internal static class FolderParts
{
    private const string Test = "test";

    private static readonly string[] train = ["train", "training"];
    private static readonly string[] validation = ["val", "validation", "valid"];

    /// <summary>Names of the folders with pictures that are only scored on.</summary>
    public static string TestNames => string.Join(" or ", (string[])[.. validation, Test]);

    /// <summary>Whether a folder has any of these folders.</summary>
    public static bool IsIn(string folder) => Find(folder, train) is not null || HasTest(folder);

    /// <summary>Whether there are pictures that are only scored on.</summary>
    public static bool HasTest(string folder) => Find(folder, [.. validation, Test]) is not null;

    /// <summary>Opens a part; null when the folder has no such part.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="isTrain">Which part. Where there are three, training and validation pictures are learned from.
    /// </param>
    /// <param name="options">How pictures are read.</param>
    public static ImageDataset? Open(string folder, bool isTrain, ImageReadOptions? options)
    {
        var (learned, held) = (Find(folder, train), Find(folder, validation));
        var hasThree = held is not null && IsScoredOn(Path.Combine(folder, Test));
        if (!isTrain)
            return (hasThree ? Path.Combine(folder, Test) : held ?? Find(folder, [Test])) is { } scored
                ? ImageFolder.Open(scored, options) : null;
        if (learned is null) return null;
        return hasThree ? Join(learned, held!, options) : ImageFolder.Open(learned, options);
    }

    private static JoinedImages Join(string learned, string held, ImageReadOptions? options)
    {
        var (first, second) = (ImageFolder.Open(learned, options), ImageFolder.Open(held, options));
        NeedClasses(first, held, second.ClassNames);
        NeedClasses(second, learned, first.ClassNames);
        return new(first, second, Path.GetFileName(held) + "/");
    }

    // No DatasetException, on which a folder may be opened without labels instead, its test pictures among them.
    private static void NeedClasses(ImageFolder data, string other, IReadOnlyList<string> there)
    {
        if (data.ClassNames.Except(there).FirstOrDefault() is { } missing)
            throw new DiffractException($"{other} has no class '{missing}': where there is a folder {Test}, pictures "
                + "of training and validation are learned from together, and must be of the same classes");
    }

    // Without classes, as that of ImageNet, it is of no use.
    private static bool IsScoredOn(string folder) =>
        Directory.Exists(folder) && ImageFolder.ClassNamesIn(folder).Count > 1;

    private static string? Find(string folder, string[] names) =>
        // "train" may also be a class; then pictures, not folders, are in it.
        names.Select(name => Path.Combine(folder, name))
            .FirstOrDefault(part => Directory.Exists(part) && Directory.EnumerateDirectories(part).Any());
}
