namespace Diffract.Tasks;

/// <summary>Opens a data set of any kind this library reads.</summary>
public static class Datasets
{
    private static readonly string[] trainFolders = ["train", "training"];
    private static readonly string[] testFolders = ["val", "validation", "valid", "test"];

    /// <summary>Opens the labelled pictures of a folder, which may hold IDX files (MNIST, Fashion-MNIST), the binary
    /// files of CIFAR-10, the folders train and val (or validation, valid, test) with a folder per class in each, or
    /// folders per class directly.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="part">Which part. A folder of class folders has no parts: it is opened whole for
    /// <see cref="DatasetPart.Train"/>.</param>
    /// <param name="options">How image files are read.</param>
    /// <exception cref="DatasetException">There is no such folder or part, or it cannot be worked with.</exception>
    /// <exception cref="Engine.FileFormatException">A file is truncated or of another kind.</exception>
    public static ImageDataset Open(string folder, DatasetPart part, ImageReadOptions? options = null)
    {
        if (!Directory.Exists(folder)) throw new DatasetException($"{folder}: there is no such folder");
        var train = part == DatasetPart.Train;
        if (IdxDataset.IsIn(folder)) return IdxDataset.Open(folder, train);
        if (Cifar10.IsIn(folder)) return Cifar10.Open(folder, train);
        if (Find(folder, train ? trainFolders : testFolders) is { } parted) return ImageFolder.Open(parted, options);
        if (!train) throw new DatasetException($"{folder}: it has no folder {string.Join(" or ", testFolders)}");
        return ImageFolder.Open(folder, options);
    }

    /// <summary>Whether <see cref="Open"/> would find the test part of a folder.</summary>
    public static bool HasTest(string folder) =>
        IdxDataset.IsIn(folder) || Cifar10.IsIn(folder) || Find(folder, testFolders) is not null;

    private static string? Find(string folder, string[] names) =>
        // "train" may also be a class; then pictures, not folders, are in it.
        names.Select(name => Path.Combine(folder, name))
            .FirstOrDefault(part => Directory.Exists(part) && Directory.EnumerateDirectories(part).Any());
}
