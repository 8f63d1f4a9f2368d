namespace Diffract.Tasks;

/// <summary>Opens what a command line or a recipe names as data.</summary>
public static class DataSource
{
    /// <summary>Opens images with labels.</summary>
    /// <param name="folder">A folder or list that <see cref="Datasets.Open"/> knows.</param>
    /// <param name="part">Which part, where there are parts.</param>
    public static ImageDataset Labelled(string folder, DatasetPart part = DatasetPart.Train) =>
        Datasets.Open(folder, part);

    /// <summary>Opens images with labels where there are any, and all images below the folder where there are none.
    /// </summary>
    /// <inheritdoc cref="Labelled"/>
    public static ImageDataset Any(string folder, DatasetPart part = DatasetPart.Train)
    {
        // Damaged annotations are an error, not a folder without labels.
        if (Datasets.IsAnnotated(folder)) return Datasets.Open(folder, part);
        try
        {
            return Datasets.Open(folder, part);
        }
        catch (DatasetException) when (part == DatasetPart.Train && Directory.Exists(folder))
        {
            return ImageFolder.OpenUnlabelled(folder);
        }
    }

    /// <summary>The items from <paramref name="from"/> up to but not including <paramref name="to"/>.</summary>
    /// <exception cref="DatasetException">The range reaches outside the data, or is empty.</exception>
    public static ImageDataset Range(ImageDataset data, int from, int? to)
    {
        var end = to ?? data.Count;
        if (from == 0 && end == data.Count) return data;
        if (from < 0 || end > data.Count || from >= end)
            throw new DatasetException($"items {from} to {end} are asked for; the data have items 0 to {data.Count}");
        return new Subset(data, [.. Enumerable.Range(from, end - from)]);
    }
}
