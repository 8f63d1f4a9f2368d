namespace Diffract.Tasks;

/// <summary>The numbers of one step.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Seconds">Seconds of work since the run began, over all its starts.</param>
/// <param name="Values">The numbers by name: <c>loss</c>, <c>val/accuracy</c>.</param>
public sealed record MetricsLine(long Step, double Seconds, IReadOnlyDictionary<string, double> Values);
