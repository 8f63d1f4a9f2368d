namespace Diffract.Tasks;

/// <summary>The pictures of one data set and behind them those of another with the same classes.</summary>
internal sealed class JoinedImages : ImageDataset
{
    private readonly ImageDataset first, second;
    private readonly string prefix;

    /// <param name="first">The one.</param>
    /// <param name="second">The other.</param>
    /// <param name="prefix">Goes before the names of the other's pictures, as both may have the same.</param>
    /// <exception cref="DatasetException">Two pictures have one name even so.</exception>
    public JoinedImages(ImageDataset first, ImageDataset second, string prefix)
    {
        (this.first, this.second, this.prefix) = (first, second, prefix);
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < Count; i++)
            if (!names.Add(Id(i))) throw new DatasetException($"two pictures to learn from are called {Id(i)}");
    }

    /// <inheritdoc/>
    public override int Count => first.Count + second.Count;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames => first.ClassNames;

    /// <inheritdoc/>
    public override int Label(int index) =>
        index < first.Count ? first.Label(index) : second.Label(index - first.Count);

    /// <inheritdoc/>
    public override string Id(int index) =>
        index < first.Count ? first.Id(index) : prefix + second.Id(index - first.Count);

    /// <inheritdoc/>
    public override Image Load(int index) =>
        index < first.Count ? first.Load(index) : second.Load(index - first.Count);
}
