using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests.Model.Diffusion;

public class GaussianDiffusionTests
{
    private static readonly NoiseSchedule schedule = NoiseSchedule.Linear(40).Respace("20");

    private Scope scope = null!;

    [SetUp]
    public void OpenScope() => scope = Scope.Open();

    [TearDown]
    public void CloseScope() => scope.Dispose();

    private static Tensor Numbers(ulong seed, Shape shape, double scale = 0.5) =>
        (scale * Tensor.Randn(shape, new Generator(seed))).To(DType.Float64);

    [Test]
    public void The_network_is_told_original_steps_rescaled_where_wanted()
    {
        var respaced = NoiseSchedule.Linear(4000).Respace("ddim4");
        Assert.Multiple(() =>
        {
            Assert.That(new GaussianDiffusion(respaced).Timesteps([0, 1, 3]).ToArray<float>(),
                Is.EqualTo([0f, 1000f, 3000f]));
            Assert.That(new GaussianDiffusion(respaced, rescaleTimesteps: true).Timesteps([0, 1, 3]).ToArray<float>(),
                Is.EqualTo([0f, 250f, 750f]));
        });
    }

    [Test]
    public void Noising_mixes_image_and_noise()
    {
        var diffusion = new GaussianDiffusion(schedule);
        var (image, noise) = (Numbers(1, [2, 3, 3, 1]), Numbers(2, [2, 3, 3, 1]));
        var x = diffusion.QSample(image, [0, 19], noise).ToArray<double>();
        for (var i = 0; i < x.Length; i++)
        {
            var kept = schedule.AlphasCumprod[i < 9 ? 0 : 19];
            Assert.That(x[i], Is.EqualTo(Math.Sqrt(kept) * image.ToArray<double>()[i]
                + Math.Sqrt(1 - kept) * noise.ToArray<double>()[i]).Within(1e-12));
        }
    }

    [Test]
    public void Noising_with_a_generator_is_reproducible()
    {
        var diffusion = new GaussianDiffusion(schedule);
        var image = Numbers(1, [2, 3, 3, 1]).To(DType.Float32);
        var first = diffusion.QSample(image, 7, new Generator(3)).ToArray<float>();
        Assert.That(diffusion.QSample(image, 7, new Generator(3)).ToArray<float>(), Is.EqualTo(first));
    }

    [Test]
    public void Images_in_half_precision_are_noised_in_single()
    {
        var image = Numbers(1, [1, 3, 3, 1]).To(DType.Float16);
        Assert.That(new GaussianDiffusion(schedule).QSample(image, [3], image).DType, Is.EqualTo(DType.Float32));
    }

    [TestCase(MeanType.Epsilon)]
    [TestCase(MeanType.StartX)]
    [TestCase(MeanType.PreviousX)]
    public void All_predictions_of_the_truth_are_the_posterior(MeanType mean)
    {
        var diffusion = new GaussianDiffusion(schedule, mean, VarianceType.FixedSmall);
        int[] t = [1, 19];
        var (image, noise) = (Numbers(1, [2, 3, 3, 1]), Numbers(2, [2, 3, 3, 1]));
        var x = diffusion.QSample(image, t, noise);
        var posterior = diffusion.QPosterior(image, x, t);
        var truth = mean switch
        {
            MeanType.Epsilon => noise,
            MeanType.StartX => image,
            _ => posterior.Mean,
        };
        var prediction = diffusion.Predict(truth, x, t, clipDenoised: false);
        var loss = diffusion.TrainingLosses(truth, image, x, t, noise);
        Assert.Multiple(() =>
        {
            Assert.That(prediction.Mean.ToArray<double>(), Is.EqualTo(posterior.Mean.ToArray<double>()).Within(1e-10));
            Assert.That(prediction.Start.ToArray<double>(), Is.EqualTo(image.ToArray<double>()).Within(1e-10));
            Assert.That(loss.Loss.ToArray<double>(), Is.All.EqualTo(0).Within(1e-12));
            Assert.That(diffusion.VbTerm(prediction, image, x, t).ToArray<double>(), Is.All.EqualTo(0).Within(1e-9));
        });
    }

    [Test]
    public void A_learned_variance_is_the_networks_second_half()
    {
        var diffusion = new GaussianDiffusion(schedule, varianceType: VarianceType.Learned);
        var output = Numbers(1, [1, 2, 2, 6]);
        var prediction = diffusion.Predict(output, Numbers(2, [1, 2, 2, 3]), [4]);
        Assert.That(prediction.LogVariance.ToArray<double>(), Is.EqualTo(output.Slice(-1, 3, 3).ToArray<double>()));
    }

    [Test]
    public void A_denoised_function_comes_before_clipping()
    {
        var diffusion = new GaussianDiffusion(schedule, MeanType.StartX, VarianceType.FixedSmall);
        var x = Numbers(2, [1, 2, 2, 3]);
        var prediction = diffusion.Predict((y, _) => y, x, [4], true, start => start + 100);
        Assert.That(prediction.Start.ToArray<double>(), Is.All.EqualTo(1));
    }

    [TestCase(LossType.Mse)]
    [TestCase(LossType.RescaledMse)]
    [TestCase(LossType.Kl)]
    [TestCase(LossType.RescaledKl)]
    public void The_squared_error_trains_the_prediction_and_the_bound_the_variance(LossType type)
    {
        var diffusion = new GaussianDiffusion(schedule, lossType: type);
        var (image, noise) = (Numbers(1, [3, 2, 2, 1]).Clamp(-1, 1), Numbers(2, [3, 2, 2, 1]));
        int[] t = [0, 5, 19];
        var x = diffusion.QSample(image, t, noise);
        var output = Numbers(3, [3, 2, 2, 2]);
        output.RequiresGrad = true;
        diffusion.TrainingLosses(output, image, x, t, noise).Loss.Sum().Backward();
        var predicted = output.Grad!.Slice(-1, 0, 1).ToArray<double>();
        var expected = (2.0 / 4 * (output.Detach().Slice(-1, 0, 1) - noise)).ToArray<double>();
        Assert.Multiple(() =>
        {
            Assert.That(predicted, type is LossType.Mse or LossType.RescaledMse
                ? Is.EqualTo(expected).Within(1e-9)
                : Is.Not.EqualTo(expected).Within(1e-3));
            Assert.That(output.Grad!.Slice(-1, 1, 1).ToArray<double>(), Has.All.Not.Zero);
        });
    }

    [TestCase(LossType.Kl)]
    [TestCase(LossType.RescaledKl)]
    public void The_bound_is_differentiable_through_mean_and_variance(LossType type)
    {
        var diffusion = new GaussianDiffusion(schedule, lossType: type);
        var image = Tensor.From([-1.0, 1, 127 / 127.5 - 1, 200 / 127.5 - 1, 0.25, -0.5, 0.75, -1], [2, 2, 2, 1]);
        var noise = Numbers(2, image.Shape);
        int[] t = [0, 7];
        var x = diffusion.QSample(image, t, noise);
        // Near the truth, where no probability is so small that it is clamped.
        var values = Tensor.Concat(-1, [noise + 0.05 * Numbers(3, image.Shape), Numbers(4, image.Shape)]);
        GradCheck.Run(output => diffusion.TrainingLosses(output, image, x, t, noise).Loss, values, relative: 1e-4);
    }

    [Test]
    public void The_rescaled_losses_count_the_steps()
    {
        var (image, noise) = (Numbers(1, [2, 2, 2, 1]), Numbers(2, [2, 2, 2, 1]));
        var output = Numbers(3, [2, 2, 2, 2]);
        double[] Vb(LossType type) => new GaussianDiffusion(schedule, lossType: type)
            .TrainingLosses((_, _) => output, image, [3, 9], noise).Vb!.ToArray<double>();
        var plain = Vb(LossType.Mse);
        Assert.Multiple(() =>
        {
            Assert.That(Vb(LossType.Kl), Is.EqualTo(plain).Within(1e-12));
            Assert.That(Vb(LossType.RescaledMse), Is.EqualTo(plain.Select(v => v * 20 / 1000)).Within(1e-9).Percent);
            Assert.That(Vb(LossType.RescaledKl), Is.EqualTo(plain.Select(v => v * 20)).Within(1e-9).Percent);
        });
    }

    [Test]
    public void The_whole_bound_is_the_sum_of_its_terms()
    {
        var diffusion = new GaussianDiffusion(schedule, varianceType: VarianceType.FixedLarge);
        var image = Numbers(1, [2, 2, 2, 1]).Clamp(-1, 1);
        var noises = Enumerable.Range(0, 20).Select(i => Numbers((ulong)(10 + i), image.Shape)).ToArray();
        var told = new List<float>();
        var bound = diffusion.Bound((x, timesteps) =>
        {
            told.Add(timesteps.ToArray<float>()[0]);
            return 0.5 * x;
        }, image, (t, _) => noises[t], clipDenoised: false);
        var x5 = diffusion.QSample(image, [5, 5], noises[5]);
        var term = diffusion.VbTerm(diffusion.Predict(0.5 * x5, x5, [5, 5], false), image, x5, [5, 5]);
        var mse = GaussianMath.MeanOfSample((0.5 * x5 - noises[5]).Pow(2));
        var total = bound.Terms.Sum(1) + diffusion.PriorBpd(image);
        Assert.Multiple(() =>
        {
            Assert.That(told.Order(), Is.EqualTo(schedule.TimestepMap.ToArray()));
            Assert.That(bound.Terms.Slice(1, 5, 1).ToArray<double>(), Is.EqualTo(term.ToArray<double>()));
            Assert.That(bound.Mse.Slice(1, 5, 1).ToArray<double>(), Is.EqualTo(mse.ToArray<double>()).Within(1e-9));
            Assert.That(bound.Total.ToArray<double>(), Is.EqualTo(total.ToArray<double>()).Within(1e-12));
            Assert.That(bound.StartMse.Shape, Is.EqualTo(Shape.Of(2, 20)));
        });
    }

    [Test]
    public void The_likelihood_of_a_byte_adds_up_to_one_over_all_bytes()
    {
        var bytes = Tensor.From(Enumerable.Range(0, 256).Select(i => i / 127.5 - 1).ToArray());
        var mean = Tensor.From([0.37]).Broadcast([256]).Contiguous();
        var log = GaussianMath.DiscretizedLogLikelihood(bytes, mean, Tensor.From([-2.0]));
        Assert.That(log.Exp().Sum().Item<double>(), Is.EqualTo(1).Within(1e-6));
    }

    [Test]
    public void Images_become_bytes_by_truncation()
    {
        var x = Tensor.From([-1f, 1, 0, -1.5f, 2, 0.999f, -0.9999f, 1 / 127.5f - 1, float.NaN]);
        Assert.That(ImageBytes.From(x).ToArray<byte>(), Is.EqualTo(new byte[] { 0, 255, 127, 0, 255, 254, 0, 1, 0 })
            .Or.EqualTo(new byte[] { 0, 255, 127, 0, 255, 254, 0, 0, 0 }));
    }

    [Test]
    public void Mistakes_are_named()
    {
        var diffusion = new GaussianDiffusion(schedule);
        var x = Numbers(1, [2, 2, 2, 3]);
        Assert.Multiple(() =>
        {
            Assert.That(() => diffusion.QSample(x, [0, 20], x), Throws.TypeOf<ArgumentOutOfRangeException>()
                .With.Message.Contains("0 … 19"));
            Assert.That(() => diffusion.QSample(x, [0], x), Throws.TypeOf<ShapeException>());
            Assert.That(() => diffusion.Predict((y, _) => y, x, [0, 1]), Throws.TypeOf<ShapeException>()
                .With.Message.Contains("[2, 2, 2, 6]"));
        });
    }
}
