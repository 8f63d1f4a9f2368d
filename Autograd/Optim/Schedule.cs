namespace Diffract.Autograd;

/// <summary>A learning rate over time. A function of the step's number alone, so that resuming needs nothing but that
/// number.
/// <code>
/// schedule.Apply(optimizer, epoch);
/// </code></summary>
public abstract class Schedule
{
    /// <summary>The learning rate of a step.</summary>
    /// <param name="initial">The rate to start from.</param>
    /// <param name="step">Steps (or epochs, if that is what is counted) made before this one; 0 is the first.</param>
    public abstract double At(double initial, long step);

    /// <summary>Sets the rate of every group for a step, from the group's own initial rate.</summary>
    public void Apply(Optimizer optimizer, long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        foreach (var group in optimizer.Groups) group.Lr = At(group.InitialLr, step);
    }
}
