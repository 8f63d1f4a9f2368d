using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Ancestral sampling (Ho et al. 2020, algorithm 2): x_{t-1} is drawn from the predicted distribution; at step
/// 0 its mean is taken. Guidance moves the mean by variance * gradient (Dhariwal and Nichol 2021, algorithm 1).
/// </summary>
/// <param name="diffusion">The process, respaced to the number of steps wanted.</param>
/// <param name="options">Clipping and guidance.</param>
public sealed class DdpmSampler(GaussianDiffusion diffusion, SamplingOptions? options = null)
    : Sampler(diffusion, options)
{
    /// <inheritdoc/>
    protected override (Tensor Sample, Tensor Start) Advance(Prediction prediction, Tensor? pull, Tensor x,
        ReadOnlySpan<int> t, Tensor? noise, Tensor? before)
    {
        var mean = pull is null ? prediction.Mean : prediction.Mean + prediction.Variance * pull;
        var deviation = Diffusion.At(t, x, i => i > 0 ? 1 : 0) * (0.5 * prediction.LogVariance).Exp();
        return (mean + deviation * noise!, prediction.Start);
    }
}
