using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>The process that turns images into noise, and the arithmetic of going back (Ho et al. 2020, "Denoising
/// diffusion probabilistic models"; Nichol and Dhariwal 2021, "Improved denoising diffusion probabilistic models"). It
/// knows no network: a <see cref="Denoiser"/> is passed where one is needed.
/// <code>
/// var diffusion = new GaussianDiffusion(NoiseSchedule.Linear(1000));
/// var loss = diffusion.TrainingLosses(model, images, t, noise).Loss.Mean();
/// </code></summary>
/// <remarks>Steps t count from 0 within <see cref="Schedule"/>; t = 0 has one step's noise. Everything is
/// differentiable, and calculated in float64 for float64 images.</remarks>
/// <param name="schedule">How much noise each step adds.</param>
/// <param name="meanType">What the network predicts.</param>
/// <param name="varianceType">Where the variance of a step comes from.</param>
/// <param name="lossType">What training minimises.</param>
/// <param name="rescaleTimesteps">Tells the network steps of a process of 1000, as fractions where need be.</param>
public sealed partial class GaussianDiffusion(
    NoiseSchedule schedule,
    MeanType meanType = MeanType.Epsilon,
    VarianceType varianceType = VarianceType.LearnedRange,
    LossType lossType = LossType.Mse,
    bool rescaleTimesteps = false)
{
    /// <summary>How much noise each step adds.</summary>
    public NoiseSchedule Schedule { get; } = schedule;

    /// <summary>What the network predicts.</summary>
    public MeanType MeanType { get; } = meanType;

    /// <summary>Where the variance of a step comes from.</summary>
    public VarianceType VarianceType { get; } = varianceType;

    /// <summary>What training minimises.</summary>
    public LossType LossType { get; } = lossType;

    /// <summary>True when the network is told steps of a process of 1000.</summary>
    public bool RescaleTimesteps { get; } = rescaleTimesteps;

    /// <summary>Number of steps.</summary>
    public int Steps => Schedule.Steps;

    /// <summary>True when the second half of the network's channels is about the variance.</summary>
    public bool LearnsVariance => VarianceType is VarianceType.LearnedRange or VarianceType.Learned;

    /// <summary>The steps as the network is told them.</summary>
    /// <param name="t">Steps of <see cref="Schedule"/>, one a sample.</param>
    /// <param name="device">Where the network is.</param>
    /// <returns>Float32 [N].</returns>
    public Tensor Timesteps(ReadOnlySpan<int> t, Device? device = null)
    {
        CheckSteps(t);
        var told = new float[t.Length];
        for (var i = 0; i < t.Length; i++)
        {
            told[i] = Schedule.TimestepMap[t[i]];
            if (RescaleTimesteps) told[i] *= (float)(1000.0 / Schedule.OriginalSteps);
        }
        return Tensor.From(told, [told.Length], device);
    }

    /// <summary>Noises images: x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) noise.</summary>
    /// <param name="start">Clean images x_0, [N, …].</param>
    /// <param name="t">Steps, one a sample.</param>
    /// <param name="noise">Standard normal, of the images' shape.</param>
    public Tensor QSample(Tensor start, ReadOnlySpan<int> t, Tensor noise)
    {
        using var scope = Scope.Open();
        return scope.Keep(At(t, start, i => Schedule.SqrtAlphasCumprod[i]) * start
            + At(t, start, i => Schedule.SqrtOneMinusAlphasCumprod[i]) * noise);
    }

    /// <summary>Noises images with numbers from a generator, all at the same step.</summary>
    public Tensor QSample(Tensor start, int t, Generator generator)
    {
        using var scope = Scope.Open();
        var noise = Tensor.Randn(start.Shape, generator, start.DType, start.Device);
        return scope.Keep(QSample(start, Repeat(t, start), noise));
    }

    /// <summary>q(x_t | x_0).</summary>
    public Normal QMeanVariance(Tensor start, ReadOnlySpan<int> t)
    {
        using var scope = Scope.Open();
        return Keep(scope, new Normal(At(t, start, i => Schedule.SqrtAlphasCumprod[i]) * start,
            At(t, start, i => 1 - Schedule.AlphasCumprod[i]), At(t, start, i => Schedule.LogOneMinusAlphasCumprod[i])));
    }

    /// <summary>The posterior q(x_{t-1} | x_t, x_0) (Ho et al. 2020, eq. 7). The log variance is clipped at step 0.
    /// </summary>
    public Normal QPosterior(Tensor start, Tensor x, ReadOnlySpan<int> t)
    {
        using var scope = Scope.Open();
        return Keep(scope, new Normal(PosteriorMean(start, x, t), At(t, x, i => Schedule.PosteriorVariance[i]),
            At(t, x, i => Schedule.PosteriorLogVarianceClipped[i])));
    }

    /// <summary>The same step for every sample of a batch.</summary>
    internal static int[] Repeat(int t, Tensor batch)
    {
        var steps = new int[batch.Shape.Int(0)];
        Array.Fill(steps, t);
        return steps;
    }

    /// <summary>A coefficient for each sample, in float64 until it is rounded to the batch's type, shaped
    /// [N, 1, …] so that it broadcasts. 16-bit batches get float32 ones.</summary>
    internal Tensor At(ReadOnlySpan<int> t, Tensor batch, Func<int, double> coefficient)
    {
        CheckSteps(t);
        if (batch.Rank == 0 || batch.Shape[0] != t.Length)
            throw new ShapeException($"{t.Length} steps were given for a batch {batch.Shape}; it takes one a sample");
        var shape = new long[batch.Rank];
        Array.Fill(shape, 1);
        shape[0] = t.Length;
        if (batch.DType == DType.Float64)
        {
            var both = new double[t.Length];
            for (var i = 0; i < both.Length; i++) both[i] = coefficient(t[i]);
            return Tensor.From(both, Shape.Of(shape), batch.Device);
        }
        var single = new float[t.Length];
        for (var i = 0; i < single.Length; i++) single[i] = (float)coefficient(t[i]);
        return Tensor.From(single, Shape.Of(shape), batch.Device);
    }

    private Tensor PosteriorMean(Tensor start, Tensor x, ReadOnlySpan<int> t) =>
        At(t, x, i => Schedule.PosteriorMeanCoef1[i]) * start + At(t, x, i => Schedule.PosteriorMeanCoef2[i]) * x;

    private void CheckSteps(ReadOnlySpan<int> t)
    {
        foreach (var step in t)
            if ((uint)step >= (uint)Steps)
                throw new ArgumentOutOfRangeException(nameof(t), step, $"steps are 0 … {Steps - 1}");
    }

    private static Normal Keep(Scope scope, Normal normal)
    {
        scope.Keep(normal.Mean);
        scope.Keep(normal.Variance);
        scope.Keep(normal.LogVariance);
        return normal;
    }
}
