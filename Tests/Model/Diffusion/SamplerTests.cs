using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tests.Engine.Cuda;
using NUnit.Framework;

namespace Diffract.Tests.Model.Diffusion;

public class SamplerTests
{
    private static readonly GaussianDiffusion diffusion = new(NoiseSchedule.Linear().Respace("10"),
        MeanType.Epsilon, VarianceType.FixedSmall);

    private Scope scope = null!;

    [SetUp]
    public void OpenScope() => scope = Scope.Open();

    [TearDown]
    public void CloseScope() => scope.Dispose();

    /// <summary>The perfect network for a world with one image.</summary>
    private static Denoiser Knows(Tensor image) => (x, timesteps) =>
    {
        var t = Array.ConvertAll(timesteps.ToArray<float>(), step => diffusion.Schedule.TimestepMap.IndexOf((int)step));
        return diffusion.EpsilonFrom(image, x, t);
    };

    private static Tensor Image() => Tensor.From([0.5f, -0.25f, 1, -1, 0, 0.75f], [1, 1, 2, 3]);

    public static IEnumerable<Sampler> Samplers =>
        [new DdpmSampler(diffusion), new DdimSampler(diffusion), new DdimSampler(diffusion, 0.5),
            new DpmSolverSampler(diffusion)];

    [TestCaseSource(nameof(Samplers))]
    public void A_perfect_network_leads_to_its_image(Sampler sampler)
    {
        var image = Image();
        var found = sampler.Sample(Knows(image), image.Shape, new Generator(5));
        Assert.That(found.ToArray<float>(), Is.EqualTo(image.ToArray<float>()).Within(1e-5));
    }

    [TestCaseSource(nameof(Samplers))]
    public void The_same_generator_gives_the_same_bits(Sampler sampler)
    {
        float[] Run(ulong seed) =>
            sampler.Sample((x, _) => 0.3 * x, [2, 4, 4, 3], new Generator(seed)).ToArray<float>();
        var first = Run(7);
        Assert.That(Run(7), Is.EqualTo(first));
        Assert.That(Run(8), Is.Not.EqualTo(first));
    }

    [TestCaseSource(nameof(Samplers))]
    public void Nothing_is_kept_but_the_result(Sampler sampler)
    {
        using var image = Image();
        var generator = new Generator(1);
        sampler.Sample(Knows(image), image.Shape, generator).Dispose();
        var blocks = Device.Cpu.Memory.LiveBlocks;
        using (sampler.Sample(Knows(image), image.Shape, generator))
            Assert.That(Device.Cpu.Memory.LiveBlocks, Is.EqualTo(blocks + 1));
        foreach (var step in sampler.Steps(Knows(image), image, Sampler.NoiseOf(generator))) if (step.T == 4) break;
        Assert.That(Device.Cpu.Memory.LiveBlocks, Is.EqualTo(blocks));
    }

    [Test]
    public void Reports_every_step_and_stops_when_asked()
    {
        var sampler = new DdpmSampler(diffusion);
        using var stop = new CancellationTokenSource();
        var seen = new List<SamplingProgress>();
        var progress = new Told(p =>
        {
            seen.Add(p);
            if (p.Done == 4) stop.Cancel();
        });
        Assert.That(() => sampler.Sample((x, _) => x, [1, 2, 2, 3], new Generator(1), progress, null, stop.Token),
            Throws.TypeOf<OperationCanceledException>());
        Assert.That(seen, Is.EqualTo(Enumerable.Range(1, 4).Select(i => new SamplingProgress(i, 10))));
    }

    [Test]
    public void Steps_go_from_the_noisiest_to_the_first_and_give_both_images()
    {
        var image = Image();
        var steps = new DdimSampler(diffusion)
            .Steps(Knows(image), image, (_, _) => throw new InvalidOperationException())
            .Select(s => (s.Done, s.Total, s.T, s.Start.ToArray<float>())).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(steps.Select(s => s.T), Is.EqualTo([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]));
            Assert.That(steps.Select(s => s.Done), Is.EqualTo(Enumerable.Range(1, 10)));
            foreach (var step in steps) Assert.That(step.Item4, Is.EqualTo(image.ToArray<float>()).Within(2e-4));
        });
    }

    [Test]
    public void A_path_without_noise_can_be_walked_both_ways()
    {
        var fine = new GaussianDiffusion(NoiseSchedule.Linear(), MeanType.Epsilon, VarianceType.FixedSmall);
        var sampler = new DdimSampler(fine, 0, new SamplingOptions { ClipDenoised = false });
        Denoiser model = (x, _) => 0.5 * x;
        var image = Image();
        var found = sampler.Sample(model, sampler.Invert(model, image), (_, like) => like);
        Assert.That(found.ToArray<float>(), Is.EqualTo(image.ToArray<float>()).Within(0.02));
        Assert.That(() => new DdimSampler(fine, 1).Invert(model, image), Throws.InvalidOperationException);
    }

    [Test]
    public void Sampling_records_no_gradient_whatever_the_network_needs()
    {
        var weight = Tensor.From([0.1f]);
        weight.RequiresGrad = true;
        var sample = new DdimSampler(diffusion).Sample((x, _) => weight * x, [1, 2, 2, 3], new Generator(1));
        Assert.That(sample.RequiresGrad, Is.False);
    }

    [Test]
    public void Classifier_guidance_is_the_gradient_of_the_log_probability()
    {
        var x = Tensor.From([0.5f, -1f, 2f], [1, 1, 1, 3]);
        var weight = Tensor.From([1f, 0, 0, 1, -1, 2], [2, 3]);
        weight.RequiresGrad = true;
        var guidance = ClassifierGuidance.Towards((image, _) => image.Flatten(1).Linear(weight), Tensor.From([1L]), 3);
        Tensor found;
        using (GradMode.No()) found = guidance(x, Tensor.From([0f]));
        // The logits are 0.5 and 5.5; d log p1 / dx = (w1 - w0) (1 - p1).
        var rest = 1 - 1 / (1 + Math.Exp(0.5 - 5.5));
        Assert.Multiple(() =>
        {
            Assert.That(found.ToArray<float>(), Is.EqualTo([0f, (float)(-3 * rest), (float)(6 * rest)]).Within(1e-6));
            Assert.That(found.Shape, Is.EqualTo(x.Shape));
            Assert.That(weight.Grad, Is.Null);
            Assert.That(x.RequiresGrad, Is.False);
        });
    }

    [Test]
    public void Classifier_guidance_does_not_wait_for_the_gpu()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        using var inner = Scope.Open();
        var weight = Tensor.From([1f, 0, 0, 1, -1, 2], [2, 3]).To(gpu);
        var guidance = ClassifierGuidance.Towards(
            (image, _) => image.Flatten(1).Linear(weight), Tensor.From([1L]).To(gpu), 3);
        var (x, steps) = (Tensor.From([0.5f, -1f, 2f], [1, 1, 1, 3]).To(gpu), Tensor.From([0f]).To(gpu));
        var before = driver.Count("cuMemcpyDtoHAsync_v2");
        guidance(x, steps);
        Assert.That(driver.Count("cuMemcpyDtoHAsync_v2"), Is.EqualTo(before));
    }

    [Test]
    public void Noise_is_needed_where_it_is_drawn()
    {
        var x = Tensor.From([1f], [1, 1]);
        Assert.That(() => new DdpmSampler(diffusion).Step((y, _) => y, x, [0], null), Throws.ArgumentNullException);
    }

    private sealed class Told(Action<SamplingProgress> tell) : IProgress<SamplingProgress>
    {
        public void Report(SamplingProgress value) => tell(value);
    }
}
