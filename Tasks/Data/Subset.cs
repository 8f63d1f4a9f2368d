namespace Diffract.Tasks;

/// <summary>Some pictures of another data set, in a given order, with its classes and names.</summary>
/// <param name="source">The other data set.</param>
/// <param name="indices">Which pictures of it.</param>
public sealed class Subset(ImageDataset source, IReadOnlyList<int> indices) : ImageDataset
{
    /// <summary>Positions of the pictures in the data set they come from.</summary>
    public IReadOnlyList<int> Indices => indices;

    /// <inheritdoc/>
    public override int Count => indices.Count;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames => source.ClassNames;

    /// <inheritdoc/>
    public override int Label(int index) => source.Label(indices[index]);

    /// <inheritdoc/>
    public override string Id(int index) => source.Id(indices[index]);

    /// <inheritdoc/>
    public override Image Load(int index) => source.Load(indices[index]);
}
