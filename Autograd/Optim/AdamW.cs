using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>AdamW (Loshchilov and Hutter 2019), as PyTorch's <c>AdamW</c>: first the parameter shrinks by
/// lr * weightDecay, then Adam's step without a penalty follows.</summary>
public sealed class AdamW : AdamBase
{
    /// <summary>Trains parameters with one learning rate.</summary>
    /// <param name="parameters">Float32 or Float64 leaves.</param>
    /// <param name="lr">Learning rate.</param>
    /// <param name="betas">Decay of the running means of the gradient and of its square; (0.9, 0.999) when left out.
    /// </param>
    /// <param name="eps">Added to the denominator.</param>
    /// <param name="weightDecay">Share of the parameter, times lr, that goes at every step.</param>
    public AdamW(IEnumerable<Tensor> parameters, double lr = 1e-3, (double, double)? betas = null, double eps = 1e-8,
        double weightDecay = 1e-2) : this([new ParamGroup(parameters)], lr, betas, eps, weightDecay) { }

    /// <summary>Trains groups of parameters, each with its own rates where it has them.</summary>
    /// <inheritdoc cref="AdamW(IEnumerable{Tensor}, double, ValueTuple{double, double}?, double, double)"/>
    public AdamW(IEnumerable<ParamGroup> groups, double lr = 1e-3, (double, double)? betas = null, double eps = 1e-8,
        double weightDecay = 1e-2) : base(groups, lr, betas ?? (0.9, 0.999), eps, weightDecay, decoupled: true) { }
}
