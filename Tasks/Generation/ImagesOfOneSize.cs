namespace Diffract.Tasks;

/// <summary>A data set whose pictures must all be squares of one size, as they are read without being resized.
/// </summary>
/// <param name="source">The data set.</param>
/// <param name="side">Side of the pictures, pixels.</param>
internal sealed class ImagesOfOneSize(ImageDataset source, int side) : ImageDataset
{
    /// <inheritdoc/>
    public override int Count => source.Count;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames => source.ClassNames;

    /// <summary>Width of the first picture that can be read.</summary>
    /// <exception cref="DatasetException">There is none.</exception>
    public static int SideOf(ImageDataset source)
    {
        for (var i = 0; i < source.Count; i++)
            try
            {
                return source.Load(i).Width;
            }
            catch (ImageException)
            {
                // The one who reads all of them counts and names it.
            }
        throw new DatasetException("none of the images can be read");
    }

    /// <inheritdoc/>
    public override int Label(int index) => source.Label(index);

    /// <inheritdoc/>
    public override string Id(int index) => source.Id(index);

    /// <inheritdoc/>
    public override Image Load(int index)
    {
        var image = source.Load(index);
        return image.Width == side && image.Height == side ? image
            : throw new DatasetException($"{source.Id(index)} is {image}, and the first real image is {side} wide: "
                + "give --image-size N to crop all images to squares of one size");
    }
}
