namespace Diffract.Tasks;

/// <summary>A line in a plot.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="X">Positions, rising.</param>
/// <param name="Y">Values, one a position; NaN and infinities leave a gap.</param>
/// <param name="Smoothing">0 draws the values; between 0 and 1, their exponential moving average with this weight on
/// the past, over the values drawn faintly.</param>
public sealed record Curve(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y, double Smoothing = 0);
