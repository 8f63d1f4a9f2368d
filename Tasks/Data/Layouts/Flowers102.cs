namespace Diffract.Tasks;

/// <summary>Oxford Flowers 102 (Nilsback and Zisserman 2008): jpg/image_00001.jpg …, the classes of all pictures in
/// imagelabels.mat, the numbers of the pictures of each part in setid.mat. Training and validation pictures together
/// are learned from.</summary>
internal static class Flowers102
{
    private const string LabelFile = "imagelabels.mat", PartFile = "setid.mat";

    /// <summary>Whether a folder holds files of this kind.</summary>
    public static bool IsIn(string folder) =>
        File.Exists(Path.Combine(folder, LabelFile)) || File.Exists(Path.Combine(folder, PartFile));

    /// <summary>Opens one part, by ascending number of the picture. Classes have no names in the files: they are called
    /// by their numbers, from 1.</summary>
    public static ImageDataset Open(string folder, bool train, ImageReadOptions? options)
    {
        var labels = MatFile.Read(Path.Combine(folder, LabelFile)).Integers("labels");
        var parts = MatFile.Read(Path.Combine(folder, PartFile));
        var images = new List<ListedImage>();
        foreach (var variable in train ? new[] { "trnid", "valid" } : ["tstid"])
            foreach (var (i, number) in parts.Integers(variable).Index())
            {
                var place = new AnnotationPlace(parts.Path, i + 1, $"{variable}, entry");
                AnnotationFile.InRange(place, number, "the number of a picture", 1, labels.Count);
                images.Add(new($"jpg/image_{number:00000}.jpg", labels[number - 1] - 1, place));
            }
        var classes = labels.Max();
        foreach (var (i, label) in labels.Index())
            AnnotationFile.InRange(new(Path.Combine(folder, LabelFile), i + 1, "entry"), label, "a class", 1, classes);
        images.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return new ListedImages(folder, images, [.. Enumerable.Range(1, classes).Select(c => $"{c}")], options);
    }
}
