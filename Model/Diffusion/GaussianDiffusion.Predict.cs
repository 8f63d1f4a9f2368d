using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

public sealed partial class GaussianDiffusion
{
    /// <summary>Runs the network and reads p(x_{t-1} | x_t) from its output.</summary>
    /// <param name="model">The network.</param>
    /// <param name="x">Noised images x_t, [N, H, W, C].</param>
    /// <param name="t">Steps, one a sample.</param>
    /// <param name="clipDenoised">Limits the predicted clean image to [-1, 1] before the mean is calculated from it.
    /// </param>
    /// <param name="denoised">Changes the predicted clean image, before it is limited.</param>
    public Prediction Predict(Denoiser model, Tensor x, ReadOnlySpan<int> t, bool clipDenoised = true,
        Func<Tensor, Tensor>? denoised = null)
    {
        using var scope = Scope.Open();
        var output = model(x, Timesteps(t, x.Device));
        return Keep(scope, Predict(output, x, t, clipDenoised, denoised));
    }

    /// <summary>Reads p(x_{t-1} | x_t) from a network's output.</summary>
    /// <param name="output">[N, H, W, C], or [N, H, W, 2C] where the variance is learned.</param>
    /// <param name="x">Noised images x_t, [N, H, W, C].</param>
    /// <param name="t">Steps, one a sample.</param>
    /// <param name="clipDenoised">Limits the predicted clean image to [-1, 1].</param>
    /// <param name="denoised">Changes the predicted clean image, before it is limited.</param>
    public Prediction Predict(Tensor output, Tensor x, ReadOnlySpan<int> t, bool clipDenoised = true,
        Func<Tensor, Tensor>? denoised = null)
    {
        using var scope = Scope.Open();
        var (predicted, values) = Split(output, x);
        return Keep(scope, Predict(predicted, values, x, t, clipDenoised, denoised));
    }

    /// <summary>The noise in x_t that a clean image amounts to: (sqrt(1/abar_t) x_t - x_0) / sqrt(1/abar_t - 1).
    /// </summary>
    public Tensor EpsilonFrom(Tensor start, Tensor x, ReadOnlySpan<int> t)
    {
        using var scope = Scope.Open();
        return scope.Keep((At(t, x, i => Schedule.SqrtRecipAlphasCumprod[i]) * x - start)
            / At(t, x, i => Schedule.SqrtRecipm1AlphasCumprod[i]));
    }

    /// <summary>The clean image that noise in x_t amounts to: sqrt(1/abar_t) x_t - sqrt(1/abar_t - 1) eps.</summary>
    public Tensor StartFrom(Tensor epsilon, Tensor x, ReadOnlySpan<int> t)
    {
        using var scope = Scope.Open();
        return scope.Keep(At(t, x, i => Schedule.SqrtRecipAlphasCumprod[i]) * x
            - At(t, x, i => Schedule.SqrtRecipm1AlphasCumprod[i]) * epsilon);
    }

    private Prediction Predict(Tensor predicted, Tensor? values, Tensor x, ReadOnlySpan<int> t, bool clip,
        Func<Tensor, Tensor>? denoised)
    {
        var (variance, logVariance) = Variance(values, x, t);
        var start = MeanType switch
        {
            MeanType.StartX => predicted,
            MeanType.Epsilon => StartFrom(predicted, x, t),
            // The posterior's mean, solved for x_0.
            _ => At(t, x, i => 1 / Schedule.PosteriorMeanCoef1[i]) * predicted
                - At(t, x, i => Schedule.PosteriorMeanCoef2[i] / Schedule.PosteriorMeanCoef1[i]) * x,
        };
        if (denoised is not null) start = denoised(start);
        if (clip) start = start.Clamp(-1, 1);
        var mean = MeanType == MeanType.PreviousX ? predicted : PosteriorMean(start, x, t);
        return new Prediction(mean, variance, logVariance, start);
    }

    private (Tensor Variance, Tensor LogVariance) Variance(Tensor? values, Tensor x, ReadOnlySpan<int> t)
    {
        switch (VarianceType)
        {
            case VarianceType.LearnedRange:
                var share = (values! + 1) / 2;
                var learned = share * At(t, x, i => Schedule.LogBetas[i])
                    + (1 - share) * At(t, x, i => Schedule.PosteriorLogVarianceClipped[i]);
                return (learned.Exp(), learned);
            case VarianceType.Learned:
                return (values!.Exp(), values!);
            case VarianceType.FixedLarge:
                return (At(t, x, i => Schedule.LargeVariance[i]), At(t, x, i => Schedule.LargeLogVariance[i]));
            default:
                return (At(t, x, i => Schedule.PosteriorVariance[i]),
                    At(t, x, i => Schedule.PosteriorLogVarianceClipped[i]));
        }
    }

    /// <summary>Cuts a network's output into its prediction and what it says of the variance.</summary>
    private (Tensor Predicted, Tensor? Values) Split(Tensor output, Tensor x)
    {
        var channels = x.Shape[^1];
        var expected = x.Shape.With(-1, LearnsVariance ? 2 * channels : channels);
        if (output.Shape != expected)
            throw new ShapeException($"for images {x.Shape} and a variance that is {VarianceType} the network's output "
                + $"must be {expected}, found {output.Shape}");
        return LearnsVariance
            ? (output.Slice(-1, 0, channels), output.Slice(-1, channels, channels))
            : (output, null);
    }

    private static Prediction Keep(Scope scope, Prediction prediction)
    {
        scope.Keep(prediction.Mean);
        scope.Keep(prediction.Variance);
        scope.Keep(prediction.LogVariance);
        scope.Keep(prediction.Start);
        return prediction;
    }
}
