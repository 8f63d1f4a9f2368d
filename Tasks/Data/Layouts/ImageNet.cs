namespace Diffract.Tasks;

/// <summary>ImageNet (ILSVRC 2012) as it is unpacked: train/ with a folder a synset, and val/ flat, with the synsets of
/// its pictures in LOC_val_solution.csv or in the development kit. Where val/ has folders too, as many scripts arrange
/// it, it is an <see cref="ImageFolder"/>.</summary>
internal static class ImageNet
{
    private const string Solution = "LOC_val_solution.csv", Truth = "ILSVRC2012_validation_ground_truth.txt",
        Meta = "meta.mat", Train = "train", Validation = "val";

    // Where archives of the challenge put the pictures, and where its development kit has the annotations.
    private static readonly string[] pictures = ["", "ILSVRC/Data/CLS-LOC"];
    private static readonly string[] annotations = ["", "ILSVRC2012_devkit_t12/data", "devkit/data"];

    /// <summary>Whether a folder holds files of this kind.</summary>
    public static bool IsIn(string folder) => Find(folder, Solution) is not null || Find(folder, Truth) is not null;

    /// <summary>Whether there are validation pictures.</summary>
    public static bool HasTest(string folder) => Directory.Exists(Part(folder, Validation));

    /// <summary>Opens training or validation pictures. Classes are synsets, sorted, as in the folders.</summary>
    public static ImageDataset Open(string folder, bool train, ImageReadOptions? options)
    {
        var part = Part(folder, train ? Train : Validation);
        if (!Directory.Exists(part)) throw new DatasetException($"{part}: there is no such folder");
        return train || ImageFolder.ClassNamesIn(part).Count > 0 ? ImageFolder.Open(part, options)
            : OpenFlat(folder, part, options);
    }

    private static ListedImages OpenFlat(string folder, string part, ImageReadOptions? options)
    {
        var truth = Find(folder, Solution) is { } csv ? FromSolution(csv) : FromTruth(Find(folder, Truth)!);
        var training = Part(folder, Train);
        string[] names = Directory.Exists(training)
            ? [.. ImageFolder.ClassNamesIn(training)]
            : [.. truth.Select(image => image.Synset).Distinct().Order(StringComparer.Ordinal)];
        var label = names.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
        return new(part, [.. truth.OrderBy(image => image.File, StringComparer.Ordinal).Select(image => new ListedImage(
            image.File, label.TryGetValue(image.Synset, out var known) ? known
                : throw image.Place.Fault($"{training} has no folder {image.Synset}"), image.Place))], names, options);
    }

    // A line is "picture,synset x y x y synset x …", with a box for every object; all are of one synset.
    private static List<(string File, string Synset, AnnotationPlace Place)> FromSolution(string path) =>
        [.. AnnotationFile.Lines(path).Skip(1).Select(line =>
        {
            var comma = line.Text.IndexOf(',', StringComparison.Ordinal);
            return comma > 0 && comma + 1 < line.Text.Length
                ? ($"{line.Text[..comma]}.JPEG", line.Text[(comma + 1)..].Split(' ')[0], line.Place)
                : throw line.Place.Fault($"a picture, a comma and a synset are expected, found '{line.Text}'");
        })];

    // Line by line the class of ILSVRC2012_val_00000001.JPEG …, in the numbering of meta.mat and not by sorted synsets.
    private static List<(string File, string Synset, AnnotationPlace Place)> FromTruth(string path)
    {
        var meta = MatFile.Read(Path.Combine(Path.GetDirectoryName(path)!, Meta));
        var synset = meta.Integers("synsets", "ILSVRC2012_ID").Zip(meta.Texts("synsets", "WNID"))
            .ToDictionary(pair => pair.First, pair => pair.Second);
        return [.. AnnotationFile.Lines(path).Select((line, i) =>
        {
            var number = AnnotationFile.Integer(line.Place, line.Text, "a class", 1, synset.Count);
            return ($"ILSVRC2012_val_{i + 1:00000000}.JPEG", synset.TryGetValue(number, out var known) ? known
                : throw line.Place.Fault($"{meta.Path} has no synset {number}"), line.Place);
        })];
    }

    private static string Part(string folder, string name) => pictures
        .Select(below => Path.Combine(folder, below, name))
        .FirstOrDefault(Directory.Exists) ?? Path.Combine(folder, name);

    private static string? Find(string folder, string name) => annotations
        .Select(below => Path.Combine(folder, below, name))
        .FirstOrDefault(File.Exists);
}
