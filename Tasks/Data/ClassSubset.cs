namespace Diffract.Tasks;

/// <summary>The pictures of some classes of another data set, with labels counted anew in its order.</summary>
public sealed class ClassSubset : ImageDataset
{
    private readonly ImageDataset source;
    private readonly int[] indices, labels;

    /// <param name="source">The other data set.</param>
    /// <param name="classes">Names of the classes, in any order.</param>
    /// <exception cref="DatasetException">The data set has no class of such a name.</exception>
    public ClassSubset(ImageDataset source, IReadOnlyCollection<string> classes)
    {
        this.source = source;
        var known = source.ClassNames.ToHashSet();
        if (classes.FirstOrDefault(name => !known.Contains(name)) is { } missing)
            throw new DatasetException($"the data have no class '{missing}' among their {known.Count}");
        var wanted = classes.ToHashSet();
        ClassNames = [.. source.ClassNames.Where(wanted.Contains)];
        var label = ClassNames.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
        indices = [.. Enumerable.Range(0, source.Count).Where(i => wanted.Contains(Name(i)))];
        labels = [.. indices.Select(i => label[Name(i)])];

        string Name(int index) => source.ClassNames[source.Label(index)];
    }

    /// <inheritdoc/>
    public override int Count => indices.Length;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc/>
    public override int Label(int index) => labels[index];

    /// <inheritdoc/>
    public override string Id(int index) => source.Id(indices[index]);

    /// <inheritdoc/>
    public override Image Load(int index) => source.Load(indices[index]);
}
