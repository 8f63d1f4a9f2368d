namespace Diffract.Tasks;

/// <summary>One item of a data set.</summary>
/// <param name="Image">The picture, at its own size.</param>
/// <param name="Label">0 … classes-1, or <see cref="ImageDataset.Unlabelled"/>.</param>
/// <param name="Id">Its lasting name.</param>
public sealed record DataItem(Image Image, int Label, string Id);
