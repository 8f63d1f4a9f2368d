namespace Diffract.Tasks;

/// <summary>The pictures of some classes of another data set, with labels counted anew in its order. Classes of the
/// same name stay apart.</summary>
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
        int[] kept = [.. source.ClassNames.Index().Where(c => wanted.Contains(c.Item)).Select(c => c.Index)];
        ClassNames = [.. kept.Select(label => source.ClassNames[label])];
        var anew = kept.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
        indices = [.. Enumerable.Range(0, source.Count).Where(i => anew.ContainsKey(source.Label(i)))];
        labels = [.. indices.Select(i => anew[source.Label(i)])];
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
