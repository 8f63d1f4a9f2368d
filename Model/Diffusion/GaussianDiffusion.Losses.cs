using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

public sealed partial class GaussianDiffusion
{
    /// <summary>Noises a batch, runs the network and gives each sample's loss.</summary>
    /// <param name="model">The network.</param>
    /// <param name="start">Clean images x_0, [N, H, W, C].</param>
    /// <param name="t">Steps, one a sample.</param>
    /// <param name="noise">Standard normal, of the images' shape.</param>
    public DiffusionLoss TrainingLosses(Denoiser model, Tensor start, ReadOnlySpan<int> t, Tensor noise)
    {
        using var scope = Scope.Open();
        var x = QSample(start, t, noise);
        return Keep(scope, TrainingLosses(model(x, Timesteps(t, x.Device)), start, x, t, noise));
    }

    /// <summary>Each sample's loss from an output that the network has given.</summary>
    /// <param name="output">The network's output for <paramref name="x"/>.</param>
    /// <param name="start">Clean images x_0, [N, H, W, C].</param>
    /// <param name="x">The noised images x_t.</param>
    /// <param name="t">Steps, one a sample.</param>
    /// <param name="noise">The noise that is in <paramref name="x"/>.</param>
    /// <remarks>Where the variance is learned, the squared error trains the prediction and the bound's term only the
    /// variance: its prediction is detached, or it would drown the squared error (Nichol and Dhariwal 2021, section
    /// 3.1). The losses that are a bound only train both.</remarks>
    public DiffusionLoss TrainingLosses(Tensor output, Tensor start, Tensor x, ReadOnlySpan<int> t, Tensor noise)
    {
        using var scope = Scope.Open();
        var (predicted, values) = Split(output, x);
        if (LossType is LossType.Kl or LossType.RescaledKl)
        {
            var bound = VbTerm(Predict(predicted, values, x, t, clip: false, null), start, x, t);
            if (LossType == LossType.RescaledKl) bound *= Steps;
            return Keep(scope, new DiffusionLoss(bound, null, bound));
        }
        var target = MeanType switch
        {
            MeanType.Epsilon => noise,
            MeanType.StartX => start,
            _ => PosteriorMean(start, x, t),
        };
        var mse = GaussianMath.MeanOfSample((target - predicted).Pow(2));
        if (values is null) return Keep(scope, new DiffusionLoss(mse, mse, null));
        var vb = VbTerm(Predict(predicted.Detach(), values, x, t, clip: false, null), start, x, t);
        if (LossType == LossType.RescaledMse) vb *= Steps / 1000.0;
        return Keep(scope, new DiffusionLoss(mse + vb, mse, vb));
    }

    /// <summary>Each sample's term of the variational bound, in bits per dimension: the negative log likelihood of
    /// the image at step 0, the divergence of the posterior from the prediction elsewhere (Ho et al. 2020, eq. 5).
    /// </summary>
    /// <param name="prediction">What the network says of x_{t-1}.</param>
    /// <param name="start">Clean images x_0.</param>
    /// <param name="x">Noised images x_t.</param>
    /// <param name="t">Steps, one a sample.</param>
    /// <returns>[N].</returns>
    public Tensor VbTerm(Prediction prediction, Tensor start, Tensor x, ReadOnlySpan<int> t)
    {
        using var scope = Scope.Open();
        // Only what some sample asks for is calculated.
        var decoded = t.Contains(0) ? Bits(-GaussianMath.DiscretizedLogLikelihood(start, prediction.Mean,
            0.5 * prediction.LogVariance)) : null;
        if (!t.ContainsAnyExcept(0)) return scope.Keep(decoded!);
        var posterior = QPosterior(start, x, t);
        var divergence = Bits(GaussianMath.NormalKl(posterior.Mean, posterior.LogVariance, prediction.Mean,
            prediction.LogVariance));
        if (decoded is null) return scope.Keep(divergence);
        var first = At(t, x, i => i == 0 ? 1 : 0).Flatten().To(DType.Bool);
        return scope.Keep(Tensor.Where(first, decoded, divergence));
    }

    /// <summary>What is left of the images at the last step: KL(q(x_T | x_0) || N(0, 1)) in bits per dimension. No
    /// network can change it.</summary>
    /// <returns>[N].</returns>
    public Tensor PriorBpd(Tensor start)
    {
        using var scope = Scope.Open();
        var last = QMeanVariance(start, Repeat(Steps - 1, start));
        return scope.Keep(Bits(GaussianMath.NormalKlToStandard(last.Mean, last.LogVariance)));
    }

    private static Tensor Bits(Tensor nats) => GaussianMath.MeanOfSample(nats) / Math.Log(2);

    private static DiffusionLoss Keep(Scope scope, DiffusionLoss loss)
    {
        scope.Keep(loss.Loss);
        if (loss.Mse is not null) scope.Keep(loss.Mse);
        if (loss.Vb is not null) scope.Keep(loss.Vb);
        return loss;
    }
}
