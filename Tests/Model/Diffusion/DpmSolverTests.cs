using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests.Model.Diffusion;

/// <summary>DPM-Solver++(2M) in a world whose images are normally distributed: there the network's best answer and the
/// way from noise to image are known exactly.</summary>
public class DpmSolverTests
{
    private const double Mean = 0.3, Deviation = 0.25;

    private static readonly double[] noise = [-2, -0.7, 0.1, 0.9, 1.6, 2.5];

    [Test]
    public void Twice_the_steps_leave_a_quarter_of_the_error()
    {
        var errors = ((int[])[20, 40, 80]).Select(steps => Error(d => new DpmSolverSampler(d, unclipped), steps))
            .ToArray();
        Assert.That(errors[0], Is.LessThan(0.02 * noise.Max() * Deviation));
        Assert.That(errors[0] / errors[1], Is.InRange(2.8, 6), string.Join(", ", errors));
        Assert.That(errors[1] / errors[2], Is.InRange(2.8, 6), string.Join(", ", errors));
    }

    [Test]
    public void Twenty_steps_are_nearer_than_a_hundred_of_ddim() =>
        Assert.That(Error(d => new DpmSolverSampler(d, unclipped), 20),
            Is.LessThan(Error(d => new DdimSampler(d, 0, unclipped), 100)));

    [Test]
    public void Steps_are_even_in_the_logarithm_of_the_ratio_and_end_where_no_signal_is_left()
    {
        foreach (var schedule in (NoiseSchedule[])[NoiseSchedule.Cosine(), NoiseSchedule.Linear()])
        {
            double Ratio(int t) => Math.Log(schedule.AlphasCumprod[t] / (1 - schedule.AlphasCumprod[t])) / 2;
            var kept = schedule.Respace("logsnr20").TimestepMap.ToArray();
            Assert.That(kept, Has.Length.EqualTo(20));
            Assert.That(kept, Is.Ordered.And.Unique);
            Assert.That(kept[0], Is.Zero);
            Assert.That(Ratio(kept[^1]), Is.InRange(-5.11, -4.8));
            // But for where steps of the process are longer.
            var gaps = kept.Zip(kept.Skip(1), (a, b) => Ratio(a) - Ratio(b)).Skip(6).ToArray();
            Assert.That(gaps.Max() / gaps.Min(), Is.LessThan(1.5), string.Join(", ", gaps));
            Assert.That(schedule.Respace("logsnr1").TimestepMap.ToArray(), Is.EqualTo(new[] { kept[^1] }));
            Assert.That(() => schedule.Respace("logsnr1001"), Throws.ArgumentException);
            Assert.That(() => schedule.Respace("logsnr"), Throws.ArgumentException);
        }
    }

    [Test]
    public void One_step_is_the_predicted_image()
    {
        var one = new GaussianDiffusion(NoiseSchedule.Linear().Respace("1"), varianceType: VarianceType.FixedSmall);
        using var x = Tensor.From(noise, [noise.Length, 1, 1, 1]);
        var (sample, start) = new DpmSolverSampler(one).Step((image, _) => image * 0.5, x,
            new int[noise.Length], null);
        Assert.That(sample.ToArray<double>(), Is.EqualTo(start.ToArray<double>()).Within(1e-12));
    }

    [Test]
    public void Guidance_moves_the_predicted_noise_as_with_ddim()
    {
        var process = Process(10);
        var options = unclipped with { Guidance = (x, _) => Tensor.Full(x.Shape, 0.2, x.DType) };
        using var x = Tensor.From(noise, [noise.Length, 1, 1, 1]);
        int[] t = [.. noise.Select(_ => 4)];
        var (first, _) = new DpmSolverSampler(process, options).Step(Knows(process), x, t, null);
        var (second, _) = new DdimSampler(process, 0, options).Step(Knows(process), x, t, null);
        // A first step, without one to look back on, is DDIM's.
        Assert.That(first.ToArray<double>(), Is.EqualTo(second.ToArray<double>()).Within(1e-12));
        var (free, _) = new DpmSolverSampler(process, unclipped).Step(Knows(process), x, t, null);
        Assert.That(first.ToArray<double>(), Is.Not.EqualTo(free.ToArray<double>()).Within(1e-3));
    }

    private static readonly SamplingOptions unclipped = new() { ClipDenoised = false };

    private static GaussianDiffusion Process(int steps) => new(NoiseSchedule.Cosine().Respace($"logsnr{steps}"),
        varianceType: VarianceType.FixedSmall);

    private static double Cumulative(GaussianDiffusion process, int t) => process.Schedule.AlphasCumprod[t];

    // E[x_0 | x_t] of a normal distribution, as noise.
    private static Denoiser Knows(GaussianDiffusion process) => (x, timesteps) =>
    {
        var t = process.Schedule.TimestepMap.IndexOf((int)timesteps.ToArray<float>()[0]);
        var (share, rest) = (Cumulative(process, t), 1 - Cumulative(process, t));
        var gain = Math.Sqrt(share) * Deviation * Deviation / (share * Deviation * Deviation + rest);
        var start = Mean + gain * (x - Math.Sqrt(share) * Mean);
        return (x - Math.Sqrt(share) * start) / Math.Sqrt(rest);
    };

    // The way without noise keeps an image's place in the distribution.
    private static double Error(Func<GaussianDiffusion, Sampler> make, int steps)
    {
        var process = Process(steps);
        var last = Cumulative(process, process.Steps - 1);
        var spread = Math.Sqrt(last * Deviation * Deviation + 1 - last);
        using var start = Tensor.From([.. noise.Select(z => Math.Sqrt(last) * Mean + spread * z)],
            [noise.Length, 1, 1, 1]);
        using var found = make(process).Sample(Knows(process), start,
            (_, like) => Tensor.Zeros(like.Shape, like.DType));
        // The end is the image at the first step's noise: the predicted one, which that much noise pulls to the mean.
        var (share, rest) = (Cumulative(process, 0), 1 - Cumulative(process, 0));
        var pull = Math.Sqrt(share) * Deviation * Deviation / Math.Sqrt(share * Deviation * Deviation + rest);
        var exact = noise.Select(z => Mean + pull * z).ToArray();
        return found.ToArray<double>().Zip(exact, (a, b) => Math.Abs(a - b)).Max();
    }
}
