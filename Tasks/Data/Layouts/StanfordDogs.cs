namespace Diffract.Tasks;

/// <summary>Stanford Dogs (Khosla et al. 2011): Images/ with a folder a breed, and the official parts in train_list.mat
/// and test_list.mat. Without those two files it is an <see cref="ImageFolder"/>.</summary>
internal static class StanfordDogs
{
    /// <summary>Whether a folder holds files of this kind.</summary>
    public static bool IsIn(string folder) => File.Exists(List(folder, true)) || File.Exists(List(folder, false));

    /// <summary>Opens one part. The order of the classes is that of the lists; a class has the name of its folder
    /// behind the synset: n02085620-Chihuahua is Chihuahua.</summary>
    public static ImageDataset Open(string folder, bool train, ImageReadOptions? options)
    {
        var images = Read(List(folder, train));
        var both = images.Concat(Read(List(folder, !train))).ToList();
        var names = new string?[both.Select(image => Breed(image.Path)).Distinct().Count()];
        foreach (var image in both)
        {
            var label = AnnotationFile.InRange(image.Place, image.Label + 1, "a class", 1, names.Length) - 1;
            names[label] ??= Breed(image.Path);
            if (names[label] != Breed(image.Path))
                throw image.Place.Fault($"class {label + 1} is {Breed(image.Path)} here, but {names[label]} elsewhere");
        }
        return new ListedImages(folder, images, [.. names.Select(name => name!)], options);
    }

    private static List<ListedImage> Read(string path)
    {
        var file = MatFile.Read(path);
        var (paths, labels) = (file.Texts("file_list"), file.Integers("labels"));
        if (paths.Count != labels.Count)
            throw new DatasetException($"{path}: file_list has {paths.Count} entries, but labels has {labels.Count}");
        return [.. paths.Select((name, i) =>
            new ListedImage($"Images/{name}", labels[i] - 1, new(path, i + 1, "entry")))];
    }

    private static string Breed(string path)
    {
        var folder = Path.GetFileName(Path.GetDirectoryName(path)!);
        return folder[(folder.IndexOf('-', StringComparison.Ordinal) + 1)..];
    }

    private static string List(string folder, bool train)
    {
        var name = train ? "train_list.mat" : "test_list.mat";
        return Path.Combine(folder, "lists", name) is var below && File.Exists(below) ? below
            : Path.Combine(folder, name);
    }
}
