using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Implicit sampling (Song et al. 2021, "Denoising diffusion implicit models", eq. 12): good with few steps,
/// and without noise an invertible map from noise to images. Guidance moves the predicted noise (Dhariwal and Nichol
/// 2021, algorithm 2).</summary>
/// <param name="diffusion">The process, respaced to the number of steps wanted.</param>
/// <param name="eta">Share of the ancestral sampler's noise: 0 for none, 1 for all.</param>
/// <param name="options">Clipping and guidance.</param>
public sealed class DdimSampler(GaussianDiffusion diffusion, double eta = 0, SamplingOptions? options = null)
    : Sampler(diffusion, options)
{
    /// <inheritdoc/>
    public override bool NeedsNoise => eta != 0;

    /// <summary>One step the other way, x_{t+1} from x_t, for an eta of 0.</summary>
    /// <param name="model">The network.</param>
    /// <param name="x">x_t, [N, H, W, C].</param>
    /// <param name="t">Steps, one a sample.</param>
    /// <returns>x_{t+1} and the predicted clean image.</returns>
    /// <exception cref="InvalidOperationException">With noise there is no way back.</exception>
    public (Tensor Sample, Tensor Start) ReverseStep(Denoiser model, Tensor x, ReadOnlySpan<int> t)
    {
        if (eta != 0) throw new InvalidOperationException($"only the path without noise can be reversed, eta is {eta}");
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var start = Diffusion.Predict(model, x, t, Options.ClipDenoised, Options.Denoised).Start;
        var epsilon = Diffusion.EpsilonFrom(start, x, t);
        var next = Diffusion.At(t, x, i => Math.Sqrt(Diffusion.Schedule.AlphasCumprodNext[i])) * start
            + Diffusion.At(t, x, i => Math.Sqrt(1 - Diffusion.Schedule.AlphasCumprodNext[i])) * epsilon;
        return (scope.Keep(next), scope.Keep(start));
    }

    /// <summary>Turns images into the noise that they would be sampled from, approximately: the better the finer the
    /// steps.</summary>
    /// <param name="model">The network.</param>
    /// <param name="images">Clean images, [N, H, W, C]; taken for x_t at step 0, whose noise is hardly visible.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellation">Looked at before every step.</param>
    public Tensor Invert(Denoiser model, Tensor images, IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        using var scope = Scope.Open();
        var x = images.Detach();
        for (var t = 0; t < Diffusion.Steps - 1; t++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var before = x;
            (x, var start) = ReverseStep(model, x, GaussianDiffusion.Repeat(t, x));
            start.Dispose();
            progress?.Report(new SamplingProgress(t + 1, Diffusion.Steps - 1));
        }
        return scope.Keep(x);
    }

    /// <inheritdoc/>
    protected override (Tensor Sample, Tensor Start) Advance(Prediction prediction, Tensor? pull, Tensor x,
        ReadOnlySpan<int> t, Tensor? noise, Tensor? before)
    {
        var (start, epsilon) = Guided(prediction, pull, x, t);
        var sample = Diffusion.At(t, x, i => Math.Sqrt(Diffusion.Schedule.AlphasCumprodPrev[i])) * start
            + Diffusion.At(t, x, Direction) * epsilon;
        if (noise is not null && eta != 0) sample += Diffusion.At(t, x, i => i > 0 ? Sigma(i) : 0) * noise;
        return (sample, start);
    }

    private double Sigma(int t)
    {
        double now = Diffusion.Schedule.AlphasCumprod[t], before = Diffusion.Schedule.AlphasCumprodPrev[t];
        return eta * Math.Sqrt((1 - before) / (1 - now)) * Math.Sqrt(1 - now / before);
    }

    private double Direction(int t)
    {
        var sigma = Sigma(t);
        return Math.Sqrt(Math.Max(0, 1 - Diffusion.Schedule.AlphasCumprodPrev[t] - sigma * sigma));
    }
}
