namespace Diffract.Tasks;

/// <summary>An image that an annotation file names.</summary>
/// <param name="Path">Its path below the data set's folder, with slashes.</param>
/// <param name="Label">Its class, from 0.</param>
/// <param name="Place">Where it is named.</param>
internal readonly record struct ListedImage(string Path, int Label, AnnotationPlace Place);
