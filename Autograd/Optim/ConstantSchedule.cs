namespace Diffract.Autograd;

/// <summary>The same learning rate for ever.</summary>
public sealed class ConstantSchedule : Schedule
{
    /// <inheritdoc/>
    public override double At(double initial, long step) => initial;
}
