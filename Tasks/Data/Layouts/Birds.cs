namespace Diffract.Tasks;

/// <summary>CUB-200-2011 (Wah et al. 2011) and NABirds (Van Horn et al. 2015): pictures below images/, and tables that
/// map a picture's id to its path (images.txt), its class (image_class_labels.txt) and its part (train_test_split.txt,
/// 1 for training), and a class's id to its name (classes.txt).</summary>
internal static class Birds
{
    private const string Pictures = "images";

    /// <summary>Whether a folder holds files of this kind.</summary>
    public static bool IsIn(string folder) =>
        File.Exists(Path.Combine(folder, "images.txt")) && Directory.Exists(Path.Combine(folder, Pictures));

    /// <summary>Opens one part. The classes are those of classes.txt that a picture of either part has, in the order of
    /// their ids: of the 1011 of NABirds, which form a tree, the 555 at its leaves.</summary>
    public static ImageDataset Open(string folder, bool train, ImageReadOptions? options)
    {
        var paths = Table("images.txt");
        var classes = Table("image_class_labels.txt");
        var parts = Table("train_test_split.txt");
        var names = Table("classes.txt");
        var used = new SortedDictionary<int, string>();
        foreach (var (place, id) in classes.Values)
            if (names.TryGetValue(id, out var name))
                used[AnnotationFile.Integer(place, id, "the id of a class", 0, int.MaxValue)] = name.Text;
            else throw place.Fault($"there is no class '{id}' in classes.txt");
        var label = used.Keys.Select((id, position) => (id, position)).ToDictionary(pair => pair.id, p => p.position);
        var images = new List<ListedImage>();
        foreach (var (id, (place, path)) in paths)
        {
            var part = Of(parts, id, place, "train_test_split.txt");
            var isTrain = AnnotationFile.Integer(part.Place, part.Text, "the part of a picture", 0, 1) == 1;
            var (at, text) = Of(classes, id, place, "image_class_labels.txt");
            if (isTrain == train)
                images.Add(new($"{Pictures}/{path}",
                    label[AnnotationFile.Integer(at, text, "the id of a class", 0, int.MaxValue)], place));
        }
        return new ListedImages(folder, images, [.. used.Values], options);

        OrderedDictionary<string, (AnnotationPlace Place, string Text)> Table(string name) =>
            AnnotationFile.Table(Path.Combine(folder, name));
    }

    private static (AnnotationPlace Place, string Text) Of(
        OrderedDictionary<string, (AnnotationPlace, string)> table, string id, AnnotationPlace place, string file) =>
        table.TryGetValue(id, out var found) ? found : throw place.Fault($"picture '{id}' is not in {file}");
}
