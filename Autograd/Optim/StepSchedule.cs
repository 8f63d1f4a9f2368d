namespace Diffract.Autograd;

/// <summary>Multiplies the learning rate by <paramref name="gamma"/> every <paramref name="stepSize"/> steps, as
/// PyTorch's <c>StepLR</c>.</summary>
/// <param name="stepSize">Steps (or epochs) between two changes.</param>
/// <param name="gamma">Factor of each change.</param>
public sealed class StepSchedule(long stepSize, double gamma = 0.1) : Schedule
{
    private readonly long stepSize = stepSize > 0
        ? stepSize
        : throw new ArgumentOutOfRangeException(nameof(stepSize), stepSize, "must be at least 1");

    /// <inheritdoc/>
    public override double At(double initial, long step)
    {
        // One product after the other and not a power: the same roundings as PyTorch's recursion.
        var rate = initial;
        for (var change = step / stepSize; change > 0 && rate != 0; change--) rate *= gamma;
        return rate;
    }
}
