namespace Diffract.Tasks;

/// <summary>One state of a run.</summary>
/// <param name="Step">Steps done when it was written.</param>
/// <param name="Path">Its file.</param>
public sealed record Checkpoint(long Step, string Path);
