using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>Adam (Kingma and Ba 2015), as PyTorch's <c>Adam</c>: weight decay is an L2 penalty that enters the
/// gradient, and eps is added to the root of the unbiased second moment. For decoupled weight decay use
/// <see cref="AdamW"/>.</summary>
public sealed class Adam : AdamBase
{
    /// <summary>Trains parameters with one learning rate.</summary>
    /// <param name="parameters">Float32 or Float64 leaves.</param>
    /// <param name="lr">Learning rate.</param>
    /// <param name="betas">Decay of the running means of the gradient and of its square; (0.9, 0.999) when left out.
    /// </param>
    /// <param name="eps">Added to the denominator.</param>
    /// <param name="weightDecay">L2 penalty: this multiple of the parameter is added to its gradient.</param>
    public Adam(IEnumerable<Tensor> parameters, double lr = 1e-3, (double, double)? betas = null, double eps = 1e-8,
        double weightDecay = 0) : this([new ParamGroup(parameters)], lr, betas, eps, weightDecay) { }

    /// <summary>Trains groups of parameters, each with its own rates where it has them.</summary>
    /// <inheritdoc cref="Adam(IEnumerable{Tensor}, double, ValueTuple{double, double}?, double, double)"/>
    public Adam(IEnumerable<ParamGroup> groups, double lr = 1e-3, (double, double)? betas = null, double eps = 1e-8,
        double weightDecay = 0) : base(groups, lr, betas ?? (0.9, 0.999), eps, weightDecay, decoupled: false) { }
}
