using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

public sealed partial class GaussianDiffusion
{
    /// <summary>Evaluates the whole variational bound of images: one run of the network for every step.</summary>
    /// <param name="model">The network.</param>
    /// <param name="start">Clean images x_0, [N, H, W, C].</param>
    /// <param name="noise">The noise of every step, by the step's number.</param>
    /// <param name="clipDenoised">Limits every predicted clean image to [-1, 1].</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellation">Looked at before every step.</param>
    public VariationalBound Bound(Denoiser model, Tensor start, StepNoise noise, bool clipDenoised = true,
        IProgress<SamplingProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var terms = new Tensor[Steps];
        var startMse = new Tensor[Steps];
        var mse = new Tensor[Steps];
        for (var t = Steps - 1; t >= 0; t--)
        {
            cancellation.ThrowIfCancellationRequested();
            using var inner = Scope.Open();
            var steps = Repeat(t, start);
            var added = noise(t, start);
            var x = QSample(start, steps, added);
            var prediction = Predict(model, x, steps, clipDenoised);
            var epsilon = EpsilonFrom(prediction.Start, x, steps);
            terms[t] = inner.Keep(VbTerm(prediction, start, x, steps));
            startMse[t] = inner.Keep(GaussianMath.MeanOfSample((prediction.Start - start).Pow(2)));
            mse[t] = inner.Keep(GaussianMath.MeanOfSample((epsilon - added).Pow(2)));
            progress?.Report(new SamplingProgress(Steps - t, Steps));
        }
        var all = scope.Keep(Tensor.Stack(1, terms));
        var prior = scope.Keep(PriorBpd(start));
        return new VariationalBound(scope.Keep(all.Sum(1) + prior), prior, all, scope.Keep(Tensor.Stack(1, startMse)),
            scope.Keep(Tensor.Stack(1, mse)));
    }
}
