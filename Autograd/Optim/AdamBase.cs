using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>What <see cref="Adam"/> and <see cref="AdamW"/> share: everything but what weight decay means.</summary>
public abstract class AdamBase : Optimizer
{
    private readonly double beta1, beta2, eps;
    private readonly bool decoupled;

    private protected AdamBase(IEnumerable<ParamGroup> groups, double lr, (double, double) betas, double eps,
        double weightDecay, bool decoupled) : base(groups, lr, weightDecay)
    {
        (beta1, beta2) = betas;
        (this.eps, this.decoupled) = (eps, decoupled);
        ArgumentOutOfRangeException.ThrowIfNegative(eps);
        if (beta1 is not (>= 0 and < 1) || beta2 is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(betas), betas, "each must be at least 0 and below 1");
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Slots => ["exp_avg", "exp_avg_sq"];

    /// <inheritdoc/>
    protected override void Update(ParamGroup group, ParamState state, Tensor gradient)
    {
        var p = state.Parameter;
        AdamStep.Kernel.Run(p.Device, p.DType, Args(group, state, gradient));
    }

    private protected override bool UpdateTogether(
        ParamGroup group, IReadOnlyList<(ParamState State, Tensor Gradient)> members, StretchTable table) =>
        Run(AdamStep.Together, members, m => Args(group, m.State, m.Gradient), table);

    private AdamStepArgs Args(ParamGroup group, ParamState state, Tensor gradient) => new(state.Parameter.View,
        gradient.View, state.Slot("exp_avg").View, state.Slot("exp_avg_sq").View, group.Lr, beta1, beta2, eps,
        group.WeightDecay, decoupled, state.Step);
}
