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

    private static LabelledFeatures Read(IFeatureSource source) =>
        source.Batches([.. Enumerable.Range(0, source.Count)], new FeaturePass(source.Count)).Single();
}
