namespace Diffract.Tasks;

/// <summary>Stanford Cars (Krause et al. 2013): cars_train/ and cars_test/ with a MATLAB file for each, or car_ims/
/// with one file for both (cars_annos.mat), which says which pictures are for testing.</summary>
internal static class StanfordCars
{
    private const string Annotations = "annotations", Classes = "class_names", Both = "cars_annos.mat",
        Meta = "cars_meta.mat", BothPictures = "car_ims";

    /// <summary>Whether a folder holds files of this kind.</summary>
    public static bool IsIn(string folder) => new[] { Both, Meta, Name(true), Name(false) }
        .Any(name => File.Exists(Find(folder, name)));

    /// <summary>Opens one part. The order of the classes is that of the annotations.</summary>
    public static ImageDataset Open(string folder, bool train, ImageReadOptions? options) =>
        HasBoth(folder, train) ? OpenBoth(folder, train, options) : OpenPart(folder, train, options);

    // The one file for both is published by itself too, and may lie beside the other arrangement.
    private static bool HasBoth(string folder, bool train) => File.Exists(Find(folder, Both))
        && (Directory.Exists(Path.Combine(folder, BothPictures))
            || !File.Exists(Find(folder, Meta)) || !File.Exists(Find(folder, Name(train))));

    private static ListedImages OpenPart(string folder, bool train, ImageReadOptions? options)
    {
        var names = MatFile.Read(Find(folder, Meta)).Texts(Classes);
        var file = MatFile.Read(Find(folder, Name(train)));
        // Some copies have a folder of the same name inside.
        var part = train ? "cars_train" : "cars_test";
        if (Directory.Exists(Path.Combine(folder, part, part))) part = $"{part}/{part}";
        return new(folder, [.. Images(file, "fname", names.Count).Select(image =>
            image with { Path = $"{part}/{image.Path}" })], names, options);
    }

    private static ListedImages OpenBoth(string folder, bool train, ImageReadOptions? options)
    {
        var file = MatFile.Read(Find(folder, Both));
        var names = file.Texts(Classes);
        var isTest = file.Integers(Annotations, "test");
        return new(folder, [.. Images(file, "relative_im_path", names.Count)
            .Where((_, i) => isTest[i] == 0 == train)], names, options);
    }

    private static IEnumerable<ListedImage> Images(MatFile file, string pathField, int classes)
    {
        var paths = file.Texts(Annotations, pathField);
        var labels = file.Integers(Annotations, "class");
        return paths.Select((path, i) =>
        {
            var place = new AnnotationPlace(file.Path, i + 1, "entry");
            return new ListedImage(path, AnnotationFile.InRange(place, labels[i], "a class", 1, classes) - 1, place);
        });
    }

    // The test annotations that came with the data have no classes; those with classes were published later.
    private static string Name(bool train) => train ? "cars_train_annos.mat" : "cars_test_annos_withlabels.mat";

    private static string Find(string folder, string name) =>
        Path.Combine(folder, name) is var beside && File.Exists(beside) ? beside : Path.Combine(folder, "devkit", name);
}
