using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;
using static Diffract.Tests.Model.Diffusion.DiffusionFixtures;

namespace Diffract.Tests.Model.Diffusion;

/// <summary>Every tensor of the fixtures of single steps: a fixed output stands for the network.</summary>
[TestFixtureSource(nameof(Fixtures))]
public class DiffusionStepsTests(string name)
{
    public static IEnumerable<string> Fixtures =>
        Goldens.OfKind("diffusion_steps").DefaultIfEmpty("diffusion/steps_linear1000");

    private GoldenFixture? opened;
    private GoldenFixture fixture => opened!;

    private Scope scope = null!;
    private NoiseSchedule schedule = null!;
    private Tensor x0 = null!, noise = null!, noise2 = null!, output = null!, pull = null!, x = null!;
    private int[] t = null!;

    [OneTimeSetUp]
    public void Open() => opened = new GoldenFixture(name);

    [SetUp]
    public void Read()
    {
        scope = Scope.Open();
        schedule = Schedule(fixture.Meta);
        (x0, noise, noise2) = (fixture.Images("x0"), fixture.Images("noise"), fixture.Images("noise2"));
        (output, pull) = (fixture.Images("model_output"), fixture.Images("cond_grad"));
        t = Steps(fixture["t"]);
        x = Diffusion().QSample(x0, t, noise);
    }

    [TearDown]
    public void Close()
    {
        x.Dispose();
        scope.Dispose();
    }

    [OneTimeTearDown]
    public void Every_tensor_was_used()
    {
        opened?.AssertAllUsed();
        opened?.Dispose();
    }

    [Test]
    public void Forward_process()
    {
        fixture.CheckImages("x_t", x);
        var q = Diffusion().QMeanVariance(x0, t);
        Check("q_mean", q.Mean);
        Check("q_variance", q.Variance);
        Check("q_log_variance", q.LogVariance);
        var posterior = Diffusion().QPosterior(x0, x, t);
        Check("posterior_mean", posterior.Mean);
        Check("posterior_variance", posterior.Variance);
        Check("posterior_log_variance_clipped", posterior.LogVariance);
    }

    [TestCase("learned_range", VarianceType.LearnedRange)]
    [TestCase("fixed_large", VarianceType.FixedLarge)]
    [TestCase("fixed_small", VarianceType.FixedSmall)]
    public void Predictions_and_ancestral_steps(string prefix, VarianceType variance)
    {
        var diffusion = Diffusion(variance);
        foreach (var clip in (bool[])[true, false])
        {
            var prediction = diffusion.Predict(Model(diffusion), x, t, clip);
            var start = $"{prefix}.clip{(clip ? 1 : 0)}";
            Check($"{start}.mean", prediction.Mean);
            Check($"{start}.log_variance", prediction.LogVariance);
            Check($"{start}.pred_xstart", prediction.Start);
            Assert.That(GoldenFixture.Values(prediction.Variance.Log()),
                Is.EqualTo(GoldenFixture.Values(prediction.LogVariance)).Within(1e-4)
                    .Or.Some.EqualTo(double.NegativeInfinity), "the variance and its logarithm");
        }
        fixture.CheckImages($"{prefix}.p_sample",
            new DdpmSampler(diffusion).Step(Model(diffusion), x, t, noise2).Sample);
    }

    [Test]
    public void Prediction_of_the_clean_image()
    {
        var diffusion = new GaussianDiffusion(schedule, MeanType.StartX, VarianceType.FixedLarge);
        var prediction = diffusion.Predict(Model(diffusion), x, t);
        Check("predict_xstart.mean", prediction.Mean);
        Check("predict_xstart.pred_xstart", prediction.Start);
    }

    [Test]
    public void Implicit_steps()
    {
        var diffusion = Diffusion();
        foreach (var tensor in fixture.Names.Where(n => n.StartsWith("ddim_eta", StringComparison.Ordinal)))
        {
            var eta = double.Parse(tensor["ddim_eta".Length..]);
            fixture.CheckImages(tensor, new DdimSampler(diffusion, eta).Step(Model(diffusion), x, t, noise2).Sample);
        }
        fixture.CheckImages("ddim_reverse", new DdimSampler(diffusion).ReverseStep(Model(diffusion), x, t).Sample);
    }

    [Test]
    public void Guided_steps()
    {
        var diffusion = Diffusion();
        var options = new SamplingOptions { Guidance = (_, _) => pull };
        fixture.CheckImages("p_sample_guided",
            new DdpmSampler(diffusion, options).Step(Model(diffusion), x, t, noise2).Sample);
        fixture.CheckImages("ddim_guided",
            new DdimSampler(diffusion, 0, options).Step(Model(diffusion), x, t, null).Sample);
    }

    [TestCase("MSE", VarianceType.LearnedRange)]
    [TestCase("RESCALED_MSE", VarianceType.LearnedRange)]
    [TestCase("KL", VarianceType.LearnedRange)]
    [TestCase("RESCALED_KL", VarianceType.LearnedRange)]
    [TestCase("MSE_fixedlarge", VarianceType.FixedLarge)]
    public void Losses_and_their_gradients(string key, VarianceType variance)
    {
        var diffusion = new GaussianDiffusion(schedule, MeanType.Epsilon, variance,
            Loss(key.Replace("_fixedlarge", "")));
        output.RequiresGrad = true;
        var loss = diffusion.TrainingLosses(Model(diffusion), x0, t, noise);
        foreach (var (part, value) in new[] { ("loss", loss.Loss), ("mse", loss.Mse), ("vb", loss.Vb) })
        {
            if (!fixture.Names.Contains($"loss.{key}.{part}")) continue;
            Assert.That(value, Is.Not.Null, part);
            fixture.Check($"loss.{key}.{part}", value!);
        }
        if (!fixture.Names.Contains($"loss.{key}.grad_model_output")) return;
        loss.Loss.Mean().Backward();
        fixture.CheckImages($"loss.{key}.grad_model_output", output.Grad!);
    }

    [Test]
    public void Likelihoods()
    {
        var diffusion = Diffusion();
        fixture.Check("prior_bpd", diffusion.PriorBpd(x0));
        var prediction = diffusion.Predict(output, x, t, clipDenoised: false);
        var posterior = diffusion.QPosterior(x0, x, t);
        Check("normal_kl", GaussianMath.NormalKl(posterior.Mean, posterior.LogVariance, prediction.Mean,
            prediction.LogVariance));
        var likelihood = GaussianMath.DiscretizedLogLikelihood(x0, prediction.Mean, 0.5 * prediction.LogVariance);
        var first = Array.IndexOf(t, 0);
        fixture.CheckImages("discretized_loglik_t0", likelihood.Slice(0, first, 1).Contiguous());
    }

    private GaussianDiffusion Diffusion(VarianceType variance = VarianceType.LearnedRange) =>
        new(schedule, MeanType.Epsilon, variance);

    /// <summary>Checks that it is asked as it should be, and gives the stored output.</summary>
    private Denoiser Model(GaussianDiffusion diffusion) => (asked, timesteps) =>
    {
        Assert.That(asked.ToArray<float>(), Is.EqualTo(x.ToArray<float>()));
        Assert.That(timesteps.ToArray<float>(), Is.EqualTo(t.Select(step => (float)schedule.TimestepMap[step])));
        return diffusion.LearnsVariance ? output : output.Slice(-1, 0, x.Shape[^1]);
    };

    private void Check(string tensor, Tensor actual) => fixture.CheckImages(tensor, Full(actual, x));
}
