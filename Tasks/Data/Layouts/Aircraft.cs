namespace Diffract.Tasks;

/// <summary>FGVC-Aircraft (Maji et al. 2013) with its variants as classes: data/images, and lists of picture and
/// variant for the parts train, val and test. Training and validation pictures together are learned from.</summary>
internal static class Aircraft
{
    /// <summary>Whether a folder holds files of this kind.</summary>
    public static bool IsIn(string folder) => Directory.EnumerateFiles(Data(folder), "images_variant_*.txt").Any();

    /// <summary>Opens one part. The order of the classes is that of variants.txt.</summary>
    public static ImageDataset Open(string folder, bool train, ImageReadOptions? options)
    {
        var data = Data(folder);
        var names = AnnotationFile.Lines(Path.Combine(data, "variants.txt"));
        var label = AnnotationFile.Positions(names);
        var images = new List<ListedImage>();
        foreach (var list in Lists(data, train))
            foreach (var (id, (place, variant)) in AnnotationFile.Table(list))
                images.Add(new($"images/{id}.jpg", label.TryGetValue(variant, out var known) ? known
                    : throw place.Fault($"there is no variant '{variant}' in variants.txt"), place));
        return new ListedImages(data, images, [.. names.Select(line => line.Text)], options);
    }

    private static IEnumerable<string> Lists(string data, bool train)
    {
        var both = List("trainval");
        if (!train) return [List("test")];
        return File.Exists(both) ? [both] : [List("train"), List("val")];

        string List(string part) => Path.Combine(data, $"images_variant_{part}.txt");
    }

    // The archive has its files in data/, which may also be what is given.
    private static string Data(string folder) =>
        Path.Combine(folder, "data") is var data && Directory.Exists(data) ? data : folder;
}
