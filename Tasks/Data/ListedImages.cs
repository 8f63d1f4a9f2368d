namespace Diffract.Tasks;

/// <summary>Image files that annotation files name and label, in the order of the annotations.</summary>
public sealed class ListedImages : ImageDataset
{
    private readonly string root;
    private readonly string[] ids;
    private readonly int[] labels;
    private readonly ImageReadOptions? options;

    /// <param name="root">The folder that the paths start from.</param>
    /// <param name="images">The images; each file must be there.</param>
    /// <param name="classNames">Names of the classes.</param>
    /// <param name="options">How pictures are read.</param>
    /// <exception cref="DatasetException">There is no image, or a file is missing.</exception>
    internal ListedImages(string root, IReadOnlyCollection<ListedImage> images, IReadOnlyList<string> classNames,
        ImageReadOptions? options)
    {
        if (images.Count == 0) throw new DatasetException($"{root}: the annotations name no picture of this part");
        foreach (var image in images)
            if (!File.Exists(Path.Combine(root, image.Path)))
                throw image.Place.Fault($"there is no file {Path.Combine(root, image.Path)}");
        (this.root, this.options, ClassNames) = (root, options, classNames);
        ids = [.. images.Select(image => image.Path)];
        labels = [.. images.Select(image => image.Label)];
    }

    /// <inheritdoc/>
    public override int Count => ids.Length;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc/>
    public override int Label(int index) => labels[index];

    /// <inheritdoc/>
    public override string Id(int index) => ids[index];

    /// <summary>Where the picture is.</summary>
    public string FilePath(int index) => Path.Combine(root, ids[index]);

    /// <inheritdoc/>
    public override Image Load(int index) => ImageFile.Read(FilePath(index), options);
}
