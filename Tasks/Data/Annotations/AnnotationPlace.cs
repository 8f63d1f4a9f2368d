namespace Diffract.Tasks;

/// <summary>Where something stands in an annotation file.</summary>
/// <param name="File">The file.</param>
/// <param name="Number">Which line or entry, from 1.</param>
/// <param name="Unit">What is counted.</param>
internal readonly record struct AnnotationPlace(string File, int Number, string Unit = "line")
{
    /// <summary>The exception that says what is wrong there.</summary>
    public DatasetException Fault(string problem) => new($"{File}: {Unit} {Number}: {problem}");
}
