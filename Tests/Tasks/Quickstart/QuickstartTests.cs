using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>The quickstart on its own pictures and network, with little of everything.</summary>
internal sealed class QuickstartTests
{
    private static readonly QuickstartRecipe little = new()
    {
        Seeds = [1, 2],
        TestImages = 60,
        LabelsPerClass = 4,
        ValidationPerClass = 3,
        Timesteps = [50, 400],
        Draws = 2,
        LearningRates = [3e-3, 1e-2],
        LinearEpochs = 8,
        AttentionEpochs = 2,
    };

    private TemporaryFolder folder = null!;

    [SetUp]
    public void Make() => folder = new TemporaryFolder();

    [TearDown]
    public void Remove() => folder.Dispose();

    [Test]
    public void A_network_whose_file_does_not_say_what_it_predicts_predicts_the_noise()
    {
        using var network = NetworkFile.Load(QuickstartAssets.Network);
        Assert.That(network.Recipe, Is.EqualTo(new DiffusionRecipe { Schedule = "cosine" }));
        Assert.That(network.Recipe.Make().MeanType, Is.EqualTo(Diffract.Model.MeanType.Epsilon));
    }

    [Test]
    public void All_heads_are_chosen_scored_and_drawn()
    {
        var train = IdxDataset.Open(QuickstartAssets.Data, train: true);
        var test = IdxDataset.Open(QuickstartAssets.Data, train: false);
        using var network = NetworkFile.Load(QuickstartAssets.Network);
        var result = new QuickstartTask(little, train, test, network).Run(RunProgress.None);

        var blocks = network.Network.Plan.Last;
        Assert.Multiple(() =>
        {
            Assert.That(train.Count, Is.EqualTo(QuickstartAssets.TrainImages));
            Assert.That(test.Count, Is.EqualTo(10_000));
            Assert.That(result.Heads, Has.Count.EqualTo(3 * 2 * little.Seeds.Count));
            Assert.That(result.Heads.Select(h => h.Test.Trials), Is.All.EqualTo(little.TestImages));
            Assert.That(result.Grid.Select(p => (p.Timestep, p.Block)).Distinct().Count(), Is.EqualTo(2 * blocks));
            Assert.That(Mean("pretrained U-Net"), Is.GreaterThan(Mean("raw pixels")).And.GreaterThan(0.5));
            Assert.That(Mean("pretrained U-Net"), Is.GreaterThan(Mean("untrained U-Net")));
        });

        var run = Work.Run(folder["run"], little, QuickstartRecipe.Json);
        QuickstartReport.Write(run, little, result, network, test, RunProgress.None, default);
        Assert.That(QuickstartReport.Lines(result).ToArray(), Has.Length.EqualTo(7));
        foreach (var file in new[] { "accuracy-map.svg", "denoised.png", "samples.png", "report.html" })
            Assert.That(new FileInfo(run.At(file)).Length, Is.GreaterThan(10_000), file);

        double Mean(string representation) => result.Heads
            .Where(h => h.Representation == representation && h.Head == "linear").Average(h => h.Test.Value);
    }

    [Test]
    public void The_same_recipe_gives_the_same_heads()
    {
        var recipe = little with { Seeds = [3], Timesteps = [50], TestImages = 10, AttentionEpochs = 1 };
        var train = IdxDataset.Open(QuickstartAssets.Data, train: true);
        var test = IdxDataset.Open(QuickstartAssets.Data, train: false);
        using var network = NetworkFile.Load(QuickstartAssets.Network);
        var runs = Enumerable.Range(0, 2)
            .Select(_ => new QuickstartTask(recipe, train, test, network).Run(RunProgress.None)).ToArray();
        Assert.That(runs[1].Heads, Is.EqualTo(runs[0].Heads));
        Assert.That(runs[1].Grid, Is.EqualTo(runs[0].Grid));
    }
}
