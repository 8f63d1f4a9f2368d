namespace Diffract.Autograd;

/// <summary>Lets the learning rate fall along a straight line to 0 at step <paramref name="steps"/>, and stay there.
/// </summary>
/// <param name="steps">Steps (or epochs) until it is 0.</param>
public sealed class LinearSchedule(long steps) : Schedule
{
    private readonly long steps = steps > 0
        ? steps
        : throw new ArgumentOutOfRangeException(nameof(steps), steps, "must be at least 1");

    /// <inheritdoc/>
    public override double At(double initial, long step) => initial * (1 - Math.Min(step, steps) / (double)steps);
}
