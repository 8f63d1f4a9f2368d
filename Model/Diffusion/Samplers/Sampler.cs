using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Turns noise into images, one denoising step after the other.
/// <code>
/// var diffusion = new GaussianDiffusion(NoiseSchedule.Linear().Respace("ddim25"));
/// var sampler = new DdimSampler(diffusion);
/// var images = sampler.Sample(model, [4, 64, 64, 3], new Generator(7));
/// </code></summary>
/// <remarks>No gradient is recorded, and the memory of a step is released before the next. The same generator state
/// gives the same images.</remarks>
/// <param name="diffusion">The process, respaced to the number of steps wanted.</param>
/// <param name="options">Clipping and guidance.</param>
public abstract class Sampler(GaussianDiffusion diffusion, SamplingOptions? options = null)
{
    /// <summary>The process.</summary>
    public GaussianDiffusion Diffusion { get; } = diffusion;

    /// <summary>Clipping and guidance.</summary>
    public SamplingOptions Options { get; } = options ?? new SamplingOptions();

    /// <summary>False for a sampler that draws no noise after the start.</summary>
    public virtual bool NeedsNoise => true;

    /// <summary>One step back: x_{t-1} from x_t.</summary>
    /// <param name="model">The network.</param>
    /// <param name="x">Noised images x_t, [N, H, W, C].</param>
    /// <param name="t">Steps, one a sample.</param>
    /// <param name="noise">Standard normal, of the images' shape; ignored for samples at step 0. May be left out where
    /// the sampler draws none.</param>
    /// <param name="before">The clean image that the step before, t + 1, predicted, for samplers that look back; null
    /// at the first.</param>
    /// <returns>x_{t-1} and the predicted clean image.</returns>
    public (Tensor Sample, Tensor Start) Step(
        Denoiser model, Tensor x, ReadOnlySpan<int> t, Tensor? noise, Tensor? before = null)
    {
        if (noise is null && NeedsNoise) throw new ArgumentNullException(nameof(noise), "this sampler needs noise");
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var prediction = Diffusion.Predict(model, x, t, Options.ClipDenoised, Options.Denoised);
        var pull = Options.Guidance?.Invoke(x, Diffusion.Timesteps(t, x.Device));
        var (sample, start) = Advance(prediction, pull, x, t, noise, before);
        return (scope.Keep(sample), scope.Keep(start));
    }

    /// <summary>Samples from noise that a generator gives.</summary>
    /// <param name="model">The network.</param>
    /// <param name="shape">[N, H, W, C].</param>
    /// <param name="generator">Gives the start and every step's noise.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="device">Where to sample; the CPU when left out.</param>
    /// <param name="cancellation">Stops within a fraction of a step.</param>
    /// <returns>Images, -1 … 1 where clipping is on.</returns>
    public Tensor Sample(Denoiser model, Shape shape, Generator generator, IProgress<SamplingProgress>? progress = null,
        Device? device = null, CancellationToken cancellation = default)
    {
        using var scope = Scope.Open();
        var start = Tensor.Randn(shape, generator, DType.Float32, device);
        return scope.Keep(Sample(model, start, NoiseOf(generator), progress, cancellation));
    }

    /// <summary>Samples from given noise.</summary>
    /// <param name="model">The network.</param>
    /// <param name="start">x_T, [N, H, W, C].</param>
    /// <param name="noise">Every step's noise.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellation">Stops within a fraction of a step.</param>
    public Tensor Sample(Denoiser model, Tensor start, StepNoise noise, IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        using var scope = Scope.Open();
        Tensor? last = null;
        foreach (var step in Steps(model, start, noise, cancellation))
        {
            progress?.Report(new SamplingProgress(step.Done, step.Total));
            if (step.Done == step.Total) last = step.Sample.Detach();
        }
        return scope.Keep(last!);
    }

    /// <summary>The steps of sampling, made as they are asked for: to watch, to keep intermediate images, to stop
    /// early.</summary>
    /// <inheritdoc cref="Sample(Denoiser, Tensor, StepNoise, IProgress{SamplingProgress}, CancellationToken)"/>
    public IEnumerable<SamplingStep> Steps(Denoiser model, Tensor start, StepNoise noise,
        CancellationToken cancellation = default)
    {
        (Tensor Sample, Tensor Start)? made = null;
        try
        {
            for (int done = 0, total = Diffusion.Steps; done < total; done++)
            {
                cancellation.ThrowIfCancellationRequested();
                var t = total - 1 - done;
                var next = Once(model, made?.Sample ?? start, t, noise, done, made?.Start, cancellation);
                Release(made);
                made = next;
                yield return new SamplingStep(done + 1, total, t, next.Sample, next.Start);
            }
        }
        finally
        {
            Release(made);
        }
    }

    /// <summary>Noise for every step from a generator.</summary>
    public static StepNoise NoiseOf(Generator generator) =>
        (_, like) => Tensor.Randn(like.Shape, generator, like.DType, like.Device);

    /// <summary>The step itself.</summary>
    /// <param name="prediction">What the network says of x_{t-1}.</param>
    /// <param name="pull">The guidance's gradient, when there is one.</param>
    /// <param name="x">x_t.</param>
    /// <param name="t">Steps, one a sample.</param>
    /// <param name="noise">As <see cref="Step"/> was given it.</param>
    /// <param name="before">As <see cref="Step"/> was given it.</param>
    protected abstract (Tensor Sample, Tensor Start) Advance(Prediction prediction, Tensor? pull, Tensor x,
        ReadOnlySpan<int> t, Tensor? noise, Tensor? before);

    /// <summary>The predicted clean image with guidance, which moves the predicted noise (Dhariwal and Nichol 2021,
    /// algorithm 2), and the noise that x_t then has.</summary>
    protected (Tensor Start, Tensor Epsilon) Guided(
        Prediction prediction, Tensor? pull, Tensor x, ReadOnlySpan<int> t)
    {
        // Derived again, because clipping may have changed the image that it belongs to.
        var epsilon = Diffusion.EpsilonFrom(prediction.Start, x, t);
        if (pull is null) return (prediction.Start, epsilon);
        epsilon -= Diffusion.At(t, x, i => Diffusion.Schedule.SqrtOneMinusAlphasCumprod[i]) * pull;
        return (Diffusion.StartFrom(epsilon, x, t), epsilon);
    }

    private (Tensor Sample, Tensor Start) Once(
        Denoiser model, Tensor x, int t, StepNoise noise, int done, Tensor? before, CancellationToken cancellation)
    {
        using var stop = Cancellation.Use(cancellation);
        using var scope = Scope.Open();
        var (sample, start) =
            Step(model, x, GaussianDiffusion.Repeat(t, x), NeedsNoise ? noise(done, x) : null, before);
        return (Scope.Detach(sample), Scope.Detach(start));
    }

    private static void Release((Tensor Sample, Tensor Start)? step)
    {
        step?.Sample.Dispose();
        step?.Start.Dispose();
    }
}
