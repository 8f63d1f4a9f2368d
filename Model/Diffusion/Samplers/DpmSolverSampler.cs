using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>DPM-Solver++(2M) (Lu et al. 2022, "DPM-Solver++: Fast solver for guided sampling of diffusion probabilistic
/// models", algorithm 2): the equation that takes noise to images without drawing any more, solved to second order from
/// the clean images predicted at this step and the one before. About 20 steps do what 100 of DDIM do.</summary>
/// <remarks>The last step goes to an image without noise, where the second order does not exist: it is the predicted
/// image, as with DDIM. The first step has nothing to look back on and is of first order too.</remarks>
/// <param name="diffusion">The process, respaced to the number of steps wanted.</param>
/// <param name="options">Clipping and guidance.</param>
public sealed class DpmSolverSampler(GaussianDiffusion diffusion, SamplingOptions? options = null)
    : Sampler(diffusion, options)
{
    /// <inheritdoc/>
    public override bool NeedsNoise => false;

    /// <inheritdoc/>
    protected override (Tensor Sample, Tensor Start) Advance(Prediction prediction, Tensor? pull, Tensor x,
        ReadOnlySpan<int> t, Tensor? noise, Tensor? before)
    {
        var (start, _) = Guided(prediction, pull, x, t);
        // x_{t-1} = sigma_{t-1} / sigma_t x_t - alpha_{t-1} (e^{-h} - 1) D: eq. 14, with D of eq. 16.
        var direction = before is null ? start
            : Diffusion.At(t, x, i => 1 + Weight(i)) * start - Diffusion.At(t, x, Weight) * before;
        var sample = Diffusion.At(t, x, i => Sigma(i - 1) / Sigma(i)) * x
            + Diffusion.At(t, x, i => Alpha(i - 1) - Alpha(i) * Sigma(i - 1) / Sigma(i)) * direction;
        return (sample, start);
    }

    // Of x_{-1}, the image itself: 1 and 0.
    private double Alpha(int t) => Math.Sqrt(Cumulative(t));

    private double Sigma(int t) => Math.Sqrt(1 - Cumulative(t));

    private double Cumulative(int t) => t < 0 ? 1 : Diffusion.Schedule.AlphasCumprod[t];

    private double Lambda(int t) => Math.Log(Alpha(t)) - Math.Log(Sigma(t));

    // 1 / 2r, r the last step's length over this one's; 0 makes a step of first order.
    private double Weight(int t)
    {
        if (t == 0 || t + 1 >= Diffusion.Steps) return 0;
        return (Lambda(t - 1) - Lambda(t)) / (2 * (Lambda(t) - Lambda(t + 1)));
    }
}
