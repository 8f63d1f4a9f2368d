using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>Comparisons of images, and how likely a network finds some: that they can be stopped, and what they are
/// made of.</summary>
internal sealed class GenerationTests
{
    private TemporaryFolder folder = null!;
    private LikelihoodRecipe recipe = null!;

    [OneTimeSetUp]
    public void Make()
    {
        folder = new TemporaryFolder();
        var network = Work.Network(folder.Path);
        recipe = new LikelihoodRecipe { Data = folder["pictures"], Network = network, Images = 3, Batch = 1, Seed = 4 };
    }

    [OneTimeTearDown]
    public void Remove() => folder.Dispose();

    [Test]
    public void A_likelihood_is_the_diffusions_bound_of_every_image_whatever_its_batch()
    {
        var alone = Run("alone", recipe);
        var together = Run("together", recipe with { Batch = 3 });
        for (var i = 0; i < 3; i++)
            Assert.That(together.Images[i].Bits, Is.EqualTo(alone.Images[i].Bits).Within(1e-4).Percent);
        Assert.That(alone.Images.Select(image => image.Image),
            Is.EqualTo(new[] { "across/00.png", "across/04.png", "down/02.png" }));

        var data = DataSource.Any(recipe.Data);
        using var network = NetworkFile.Load(recipe.Network);
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var image = NetworkInput.FromImages(data.Load(4));
        var bound = network.Recipe.Make().Bound(network.Network.AsDenoiser(), image,
            (t, like) => new NoiseSource(4).For([4], t, like.Shape[1..]));
        Assert.That(alone.Images[1].Bits, Is.EqualTo(bound.Total.Item<float>()).Within(1e-4).Percent);

        Assert.That(alone.Bits, Is.EqualTo(alone.Images.Average(one => one.Bits)).Within(1e-9));
        Assert.That(alone.Bits, Is.EqualTo(alone.Terms.Sum() + alone.Prior).Within(1e-9));
        Assert.That(alone.Parts().Sum(part => part.Bits), Is.EqualTo(alone.Bits).Within(1e-9));
        Assert.That(alone.Parts().Select(part => part.Name), Is.EqualTo(new[] { "t 0, the image's bytes", "t 1 to 9",
            "t 10 to 99", "t 100 to 999", "prior" }));
        var deviation = Math.Sqrt(alone.Images.Sum(one => Math.Pow(one.Bits - alone.Bits, 2)) / 2);
        Assert.That(alone.Error, Is.EqualTo(deviation / Math.Sqrt(3)).Within(1e-9));
        Assert.That(Run("other", recipe with { Images = 2, Seed = 5 }).Images[0].Bits,
            Is.Not.EqualTo(alone.Images[0].Bits), "another seed is other noise");
    }

    [Test]
    public void A_stopped_likelihood_goes_on_with_the_same_bits()
    {
        var whole = Run("whole", recipe);
        var run = Work.Run(folder["stopped"], recipe, LikelihoodRecipe.Json);
        using var network = NetworkFile.Load(recipe.Network);
        var data = DataSource.Any(recipe.Data);
        using (var source = new CancellationTokenSource())
        using (var progress = new StopLater(1500, source))
            Assert.That(() => new LikelihoodTask(run, recipe, data, network).Run(progress, source.Token),
                Throws.InstanceOf<OperationCanceledException>());
        var rest = new LikelihoodTask(run, recipe, data, network).Run(RunProgress.None);
        Assert.That(rest.Images, Is.EqualTo(whole.Images));
        Assert.That(rest.Terms, Is.EqualTo(whole.Terms));
        Assert.That(rest.Mse, Is.EqualTo(whole.Mse));
    }

    [Test]
    public void A_comparison_stops_between_batches_and_within_its_numbers([Values(1, 9, 14)] int steps)
    {
        var input = new FeatureInput
        {
            Path = folder["pictures"],
            Network = recipe.Network,
            Timesteps = [10],
            Blocks = [5],
        };
        var comparison = new GenerationRecipe { Real = input, Generated = input, Batch = 3, K = 1 };
        using var real = GenerationFeatures.Open(input, 1, Device.Cpu);
        using var source = new CancellationTokenSource();
        using var progress = new StopLater(steps, source);
        Assert.That(() => new GenerationTask(comparison, real, real, Device.Cpu).Run(progress, source.Token),
            Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void Drawn_are_the_closest_and_some_of_the_rest()
    {
        double[] distances = [5, 1, 4, 9, 0, 7, 8, 6];
        Assert.That(GenerationTask.Choose(distances, 4),
            Is.EqualTo(new[] { (4, true), (1, true), (0, false), (5, false) }));
        Assert.That(GenerationTask.Choose(distances, 20).Select(chosen => chosen.Index).Order(),
            Is.EqualTo(Enumerable.Range(0, 8)));
        Assert.That(GenerationTask.Choose([3], 16), Is.EqualTo(new[] { (0, true) }));
    }

    private LikelihoodResult Run(string name, LikelihoodRecipe wanted)
    {
        using var network = NetworkFile.Load(wanted.Network);
        return new LikelihoodTask(Work.Run(folder[name], wanted, LikelihoodRecipe.Json), wanted,
            DataSource.Any(wanted.Data), network).Run(RunProgress.None);
    }
}
