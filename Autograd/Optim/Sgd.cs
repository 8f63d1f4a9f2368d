using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Stochastic gradient descent with optional momentum (Sutskever et al. 2013), as PyTorch's <c>SGD</c>:
/// weight decay is added to the gradient before momentum, the velocity starts as the first gradient, and the learning
/// rate multiplies the velocity.</summary>
public sealed class Sgd : Optimizer
{
    private readonly double momentum;
    private readonly double dampening;
    private readonly bool nesterov;

    /// <summary>Trains parameters with one learning rate.</summary>
    /// <param name="parameters">Float32 or Float64 leaves.</param>
    /// <param name="lr">Learning rate.</param>
    /// <param name="momentum">Share of the velocity that stays from step to step.</param>
    /// <param name="dampening">Share of the gradient kept out of the velocity.</param>
    /// <param name="weightDecay">L2 penalty: this multiple of the parameter is added to its gradient.</param>
    /// <param name="nesterov">Looks ahead along the velocity; needs momentum and no dampening.</param>
    public Sgd(IEnumerable<Tensor> parameters, double lr = 1e-3, double momentum = 0, double dampening = 0,
        double weightDecay = 0, bool nesterov = false)
        : this([new ParamGroup(parameters)], lr, momentum, dampening, weightDecay, nesterov) { }

    /// <summary>Trains groups of parameters, each with its own rates where it has them.</summary>
    /// <inheritdoc cref="Sgd(IEnumerable{Tensor}, double, double, double, double, bool)"/>
    public Sgd(IEnumerable<ParamGroup> groups, double lr = 1e-3, double momentum = 0, double dampening = 0,
        double weightDecay = 0, bool nesterov = false) : base(groups, lr, weightDecay)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(momentum);
        if (nesterov && (momentum <= 0 || dampening != 0))
            throw new ArgumentException("Nesterov momentum requires a momentum and zero dampening", nameof(nesterov));
        (this.momentum, this.dampening, this.nesterov) = (momentum, dampening, nesterov);
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Slots => momentum != 0 ? ["momentum_buffer"] : [];

    /// <inheritdoc/>
    protected override void Update(ParamGroup group, ParamState state, Tensor gradient)
    {
        var p = state.Parameter;
        SgdStep.Kernel.Run(p.Device, p.DType, Args(group, state, gradient));
    }

    private protected override bool UpdateTogether(
        ParamGroup group, IReadOnlyList<(ParamState State, Tensor Gradient)> members, StretchTable table) =>
        Run(SgdStep.Together, members, m => Args(group, m.State, m.Gradient), table);

    private SgdStepArgs Args(ParamGroup group, ParamState state, Tensor gradient) => new(state.Parameter.View,
        gradient.View, momentum != 0 ? state.Slot("momentum_buffer").View : default, group.Lr, momentum, dampening,
        group.WeightDecay, nesterov, First: state.Step == 1);
}
