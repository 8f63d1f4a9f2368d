namespace Diffract.Tasks;

/// <summary>Opens a data set of any kind this library reads.</summary>
public static class Datasets
{
    // The first that fits is taken. Class folders are what is left when none does; lists by common names come behind
    // them, as they often lie there for other purposes.
    private static readonly DatasetLayout[] layouts =
    [
        new(IdxDataset.IsIn, (folder, train, _) => IdxDataset.Open(folder, train)),
        new(Cifar10.IsIn, (folder, train, _) => Cifar10.Open(folder, train)),
        new(Cifar100.IsIn, (folder, train, _) => Cifar100.Open(folder, train)),
        new(Birds.IsIn, Birds.Open),
        new(Aircraft.IsIn, Aircraft.Open),
        new(StanfordCars.IsIn, StanfordCars.Open),
        new(StanfordDogs.IsIn, StanfordDogs.Open),
        new(Flowers102.IsIn, Flowers102.Open),
        new(ImageNet.IsIn, ImageNet.Open) { HasTest = ImageNet.HasTest },
        new(folder => !FolderParts.IsIn(folder) && ImageLists.IsIn(folder),
            (folder, train, options) => ImageLists.Open(folder, train, options)) { HasTest = ImageLists.HasTest },
    ];

    /// <summary>Opens the labelled pictures of a folder, which may be laid out as one of the published data sets of
    /// docs/datasets.md, with their official parts, may hold lists of pictures (CSV or text), the folders train and val
    /// (or validation, valid, test) with a folder per class in each, or folders per class directly. Of train, val and
    /// test the first two are learned from together.</summary>
    /// <param name="path">The folder, or a list of pictures; or <c>FOLDER@WHAT</c> for a share of its labels (10%), a
    /// subset of ImageNet by name, or what a file lists.</param>
    /// <param name="part">Which part. A folder of class folders has no parts: it is opened whole for
    /// <see cref="DatasetPart.Train"/>.</param>
    /// <param name="options">How image files are read.</param>
    /// <exception cref="DatasetException">There is no such folder or part, or it cannot be worked with.</exception>
    /// <exception cref="Engine.FileFormatException">A file is truncated or of another kind.</exception>
    /// <exception cref="Engine.DiffractException">Training and validation folders have other classes.</exception>
    public static ImageDataset Open(string path, DatasetPart part, ImageReadOptions? options = null)
    {
        if (DatasetSelection.Of(path) is { } selection) return selection.Open(part, options);
        var train = part == DatasetPart.Train;
        if (File.Exists(path)) return ImageLists.Open(NeedList(path), train, options);
        if (!Directory.Exists(path)) throw new DatasetException($"{path}: there is no such folder");
        if (Layout(path) is { } layout) return layout.Open(path, train, options);
        if (FolderParts.Open(path, train, options) is { } parted) return parted;
        if (!train) throw new DatasetException($"{path}: it has no folder {FolderParts.TestNames}");
        return ImageFolder.Open(path, options);
    }

    /// <summary>Whether <see cref="Open"/> would find the test part of a folder.</summary>
    public static bool HasTest(string path)
    {
        if (DatasetSelection.Of(path) is { } selection) return selection.HasTest();
        if (File.Exists(path)) return ImageLists.HasTest(NeedList(path));
        if (!Directory.Exists(path)) return false;
        return Layout(path) is { } layout ? layout.HasTest(path) : FolderParts.HasTest(path);
    }

    /// <summary>Whether the labels come from annotations and not from class folders.</summary>
    internal static bool IsAnnotated(string path) => DatasetSelection.Of(path) is not null || File.Exists(path)
        || Directory.Exists(path) && Layout(path) is not null;

    private static DatasetLayout? Layout(string folder) => layouts.FirstOrDefault(layout => layout.IsIn(folder));

    private static string NeedList(string path) => PictureList.IsList(path) ? path
        : throw new DatasetException($"{path}: a folder, or a list of pictures (.csv or .txt), is expected");
}
