using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>What a sweep stores of images gives every pooling as the maps themselves do.</summary>
internal sealed class SweepFeaturesTests
{
    [TestCase("1,2,4", "32,16,8,4", 4)]
    [TestCase("1,2,4", "28,14,7", 28)]
    [TestCase("1,2,4", "12,6", 12)]
    [TestCase("1,2,4", "24,12,6", 12)]
    [TestCase("4,1", "2", 4)]
    [TestCase("3", "32", 3)]
    [TestCase("2,3", "32,6", 32)]
    [TestCase("2,3", "48,12", 6)]
    [TestCase("8", "32,4", 8)]
    public void Averages_are_stored_that_the_poolings_divide(string pools, string maps, int side)
    {
        static int[] Numbers(string text) => [.. text.Split(',').Select(int.Parse)];
        Assert.That(SweepFeatures.Side(Numbers(pools), Numbers(maps).Select(m => new MapSize(m, m))),
            Is.EqualTo(side));
    }

    [Test]
    public void Every_pooling_is_that_of_the_map([Values(0, 1)] int draws)
    {
        using var folder = new TemporaryFolder();
        var recipe = new SweepRecipe
        {
            Features = new FeatureInput
            {
                Path = folder["pictures"],
                Network = Work.Network(folder.Path),
                Timesteps = [20],
                Blocks = [2, 5],
            },
            Pools = [1, 3],
            Draws = draws,
        };
        using var stored = SweepFeatures.Open(Work.Run(folder["run"], recipe, SweepRecipe.Json), recipe, Device.Cpu,
            RunProgress.None);
        using var maps = recipe.Features.Open(Device.Cpu);
        Assert.That(maps.Source.Blocks.Select(b => b.Size.Width), Is.SupersetOf(new[] { 4, 8 }));
        using var scope = Scope.Open();
        using var whole = Read(maps.Source);
        using var averaged = Read(stored.Source);
        foreach (var (wanted, found) in whole.Maps.All.Zip(averaged.Maps.All))
            foreach (var pool in recipe.Pools)
                Assert.That(LinearHead.Row(found.Map, pool).ToArray<float>(),
                    Is.EqualTo(LinearHead.Row(wanted.Map, pool).ToArray<float>()).Within(1e-5), $"{found.Block}");
    }

    // While features are stored, and while probes are trained.
    [TestCase(1, 2)]
    [TestCase(1, 8)]
    [TestCase(0, 2)]
    public void A_sweep_goes_on_with_the_images_that_it_began_with(int draws, int stop)
    {
        using var folder = new TemporaryFolder();
        var recipe = Recipe(folder, draws);
        var run = Work.Run(folder["run"], recipe, SweepRecipe.Json);
        using (var source = new CancellationTokenSource())
        using (var progress = new StopLater(stop, source))
            Assert.That(() => Sweep(run, recipe, progress, source.Token),
                Throws.InstanceOf<OperationCanceledException>());
        var (one, other) = (Path.Combine(folder["pictures"], "down", "00.png"), folder["aside.png"]);
        File.Move(one, other);
        // What was stored whole is read, whatever became of the images.
        if (stop < 8)
        {
            Assert.That(() => Sweep(run, recipe, RunProgress.None), Throws.TypeOf<DiffractException>().With.Message
                .Contains(draws == 0 ? "there are 11 images, and there were 12 when it began"
                    : "holds the beginning of another extraction"));
            File.Move(other, one);
        }
        Assert.That(Sweep(run, recipe, RunProgress.None).Cells, Has.Count.EqualTo(4));
    }

    [Test]
    public void A_sweep_that_another_process_works_on_is_refused([Values(0, 1)] int draws)
    {
        using var folder = new TemporaryFolder();
        var recipe = Recipe(folder, draws);
        var run = Work.Run(folder["run"], recipe, SweepRecipe.Json);
        using (RunFolder.Open(run.Path).Hold())
            Assert.That(() => Sweep(run, recipe, RunProgress.None),
                Throws.TypeOf<RunException>().With.Message.Contains("in use"));
        Assert.That(File.Exists(SweepFeatures.PathIn(run)), Is.False);
    }

    [Test]
    public void A_sweep_none_of_whose_held_out_pictures_can_be_read_says_so()
    {
        using var folder = new TemporaryFolder();
        var recipe = Recipe(folder, draws: 0);
        using (var opened = SweepFeatures.Open(Work.Run(folder["first"], recipe, SweepRecipe.Json), recipe, Device.Cpu,
            RunProgress.None))
        {
            var source = opened.Source;
            var all = LabelChoice.Items(source, null, recipe.Seed);
            foreach (var i in HoldOut.Of(source, all, recipe.Validation, recipe.Seed).Validation)
                File.WriteAllText(Path.Combine(folder["pictures"], source.Id(i)), "no picture");
        }
        Assert.That(() => Sweep(Work.Run(folder["run"], recipe, SweepRecipe.Json), recipe, RunProgress.None),
            Throws.TypeOf<DiffractException>().With.Message.StartsWith("none of the 4 images to score could be read."));
    }

    private static SweepRecipe Recipe(TemporaryFolder folder, int draws) => new()
    {
        Features = new FeatureInput
        {
            Path = folder["pictures"],
            Network = Work.Network(folder.Path),
            Timesteps = [20],
            Blocks = [2, 5],
        },
        Pools = [1, 2],
        Rates = [1e-3, 1e-2],
        Draws = draws,
        Epochs = 3,
        Batch = 2,
        Validation = 0.3,
    };

    private static SweepResult Sweep(RunFolder run, SweepRecipe recipe, IRunProgress progress,
        CancellationToken cancellation = default)
    {
        using var opened = SweepFeatures.Open(run, recipe, Device.Cpu, progress, cancellation);
        return new SweepTask(run, recipe, opened.Source, Device.Cpu).Run(progress, cancellation);
    }

    private static LabelledFeatures Read(IFeatureSource source) =>
        source.Batches([.. Enumerable.Range(0, source.Count)], new FeaturePass(source.Count)).Single();
}
