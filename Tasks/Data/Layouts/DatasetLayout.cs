namespace Diffract.Tasks;

/// <summary>One way in which data sets are laid out in files.</summary>
/// <param name="IsIn">Whether a folder holds files of this kind. It also says yes when some of them are missing, so
/// that opening can name them.</param>
/// <param name="Open">Opens the training part (true) or the test part of a folder.</param>
internal sealed record DatasetLayout(
    Predicate<string> IsIn, Func<string, bool, ImageReadOptions?, ImageDataset> Open)
{
    /// <summary>Whether a folder of this kind has a test part.</summary>
    public Predicate<string> HasTest { get; init; } = _ => true;
}
