namespace Diffract.Tasks;

/// <summary>A bar in a plot of accuracies.</summary>
/// <param name="Name">What stands beside it.</param>
/// <param name="Value">Its length, 0 to 1; NaN for no data.</param>
/// <param name="Low">Lower end of the interval drawn over its end.</param>
/// <param name="High">Upper end of the interval.</param>
public sealed record AccuracyBar(string Name, double Value, double Low, double High)
{
    /// <summary>A bar with the 95 % interval of a share.</summary>
    /// <param name="name">What stands beside it.</param>
    /// <param name="accuracy">Its length.</param>
    public AccuracyBar(string name, Proportion accuracy)
        : this(name, accuracy.Value, accuracy.Low, accuracy.High)
    {
    }
}
