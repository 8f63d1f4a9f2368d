namespace Diffract.Tasks;

/// <summary>How far apart values are, such as accuracies of several seeds.</summary>
internal static class Spread
{
    /// <summary>The standard deviation of a sample, divided by one less than there are; NaN of one value.</summary>
    public static double Deviation(IReadOnlyList<double> values)
    {
        var mean = values.Average();
        return values.Count > 1
            ? Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1))
            : double.NaN;
    }
}
