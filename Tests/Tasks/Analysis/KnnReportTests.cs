using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>Nearest neighbours have a picture, however many scores there are.</summary>
internal sealed class KnnReportTests
{
    [TestCase(1, 37, 2, "curves.svg", "Nearest neighbours, timestep 10|block|k 1|k 2")]
    [TestCase(1, 37, 1, "curves.svg", "Nearest neighbours, timestep 10, k 1|block")]
    [TestCase(20, 1, 2, "curves.svg", "Nearest neighbours, block 1|timestep|k 2")]
    [TestCase(1, 2, 13, "curves.svg", "Nearest neighbours, timestep 10|block|k 13")]
    [TestCase(1, 1, 30, "curves.svg", "Nearest neighbours, timestep 10, block 1|k")]
    [TestCase(1, 3, 2, "accuracy.svg,curves.svg", "timestep 10|block")]
    [TestCase(1, 2, 2, "accuracy.svg", "t 10, block 2, k 1")]
    [TestCase(5, 5, 1, "map-k1.svg", "Top-1 of 1 nearest neighbours")]
    public void Pictures(int timesteps, int blocks, int neighbours, string files, string words)
    {
        using var folder = new TemporaryFolder();
        var input = new FeatureInput { Path = "memory", Network = "unet.safetensors" };
        var recipe = new KnnRecipe { Train = input, Test = input };
        var run = Work.Run(folder["run"], recipe, KnnRecipe.Json);
        var scores = from t in Enumerable.Range(1, timesteps)
                     from b in Enumerable.Range(1, blocks)
                     from k in Enumerable.Range(1, neighbours)
                     select new KnnScore(10 * t, b, k, new Proportion(b + k, 100), new Proportion(99, 100));
        KnnReport.Write(run, recipe, new KnnResult(50, 10, [.. scores]));
        Assert.That(Directory.GetFiles(folder["run"], "*.svg").Select(Path.GetFileName),
            Is.EquivalentTo(files.Split(',')));
        var picture = File.ReadAllText(run.At(files.Split(',')[^1]));
        foreach (var word in words.Split('|')) Assert.That(picture, Does.Contain($">{word}<").Or.Contain($"{word}</"));
        var shown = File.ReadAllText(run.ReportPath).Split("data:image/svg").Length - 1;
        Assert.That(shown, Is.EqualTo(files.Split(',').Length));
    }
}
