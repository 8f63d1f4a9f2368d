namespace Diffract.Model;

/// <summary>An architecture as read from a checkpoint's names and shapes.</summary>
/// <param name="Config">The architecture.</param>
/// <param name="Preset">Name of the published network it equals, if any.</param>
/// <param name="Assumptions">What names and shapes could not tell, and where it was taken from; one sentence each.
/// </param>
public sealed record DetectedNetwork(TrunkConfig Config, string? Preset, IReadOnlyList<string> Assumptions);
