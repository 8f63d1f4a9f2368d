namespace Diffract.Model;

/// <summary>How far sampling has come.</summary>
/// <param name="Done">Steps made.</param>
/// <param name="Total">Steps to make.</param>
public readonly record struct SamplingProgress(int Done, int Total);
