namespace Diffract.Tasks;

/// <summary>How far a stream of features is.</summary>
/// <param name="Done">Images dealt with, those that could not be read included.</param>
/// <param name="Total">All images.</param>
public readonly record struct FeatureProgress(int Done, int Total);
