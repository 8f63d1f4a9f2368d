using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary><c>features --shard</c> as the jobs of an array run it.</summary>
internal sealed class FeatureShardsTests
{
    private const int Pictures = 240;

    private TemporaryFolder folder = null!;
    private string network = "";

    [OneTimeSetUp]
    public void MakeNetwork()
    {
        folder = new TemporaryFolder();
        network = Work.Network(folder.Path);
        Work.Folder(folder["many"], perClass: Pictures / 2);
    }

    [OneTimeTearDown]
    public void RemoveFolder() => folder.Dispose();

    [Test]
    public async Task Jobs_that_are_killed_and_started_again_make_what_undisturbed_ones_make()
    {
        foreach (var shard in (int[])[0, 1, 2])
            Assert.That((await ApplicationTests.Run(Extract("straight", shard))).Code, Is.Zero);

        var killed = FeatureCache.ShardPath(folder["killed"], 1, 3);
        var log = Path.Combine(killed + ".partial", "images.tsv");
        using (var other = ProgramProcess.Start(Extract("killed", 2)))
        using (var program = ProgramProcess.Start(Extract("killed", 1)))
        {
            program.Until(() => File.Exists(log) && new FileInfo(log).Length > 0);
            program.Kill();
            Assert.That(other.End().Code, Is.Zero);
        }
        Assert.That(File.ReadLines(log).Count(), Is.LessThan(Pictures / 3), "it was killed too late to prove anything");
        var (code, _, error) = await ApplicationTests.Run(["train", "--features", folder["killed"], "--name",
            folder["early"]]);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error, Does.Contain($"shard 1 of 3, {killed}, is missing"));
        Assert.That(ProgramProcess.Run(Extract("killed", 1)).Error, Does.Match("going on after \\d+ of 80 images"));
        Assert.That((await ApplicationTests.Run(Extract("killed", 0))).Output,
            Does.Contain($"all 3 shards are there: {folder["killed"]} is complete"));

        foreach (var shard in (int[])[0, 1, 2])
            Assert.That(File.ReadAllBytes(FeatureCache.ShardPath(folder["killed"], shard, 3)).AsSpan()
                .SequenceEqual(File.ReadAllBytes(FeatureCache.ShardPath(folder["straight"], shard, 3))), $"{shard}");
        Assert.That((await ApplicationTests.Run(["features", "--merge", folder["killed"]])).Output,
            Does.StartWith($"{Pictures} images in 3 undamaged shards in {folder["killed"]}"));
        Assert.That((await ApplicationTests.Run(["train", "--features", folder["killed"], "--lr", "1e-2", "--epochs",
            "2", "--name", folder["head"]])).Code, Is.Zero);
        Assert.That((await ApplicationTests.Run(["evaluate", folder["head"], "--features", folder["killed"]])).Output,
            Does.Contain($"of {Pictures}"));
    }

    [TestCase("--shard 0", "--shard and --of are given together")]
    [TestCase("--of 2", "--shard and --of are given together")]
    [TestCase("--shard 2 --of 2", "--shard goes from 0 to 1 with --of 2, found 2")]
    [TestCase("--shard -1 --of 2", "--shard is a whole number from 0, not '-1'")]
    [TestCase("--shard 0 --of 2 --out file.txt", "is a file: with --shard, --out is a folder")]
    [TestCase("--out many", "is a folder: without --shard, --out is a file")]
    [TestCase("--merge many", "--merge and --data do not go together")]
    public async Task Wrong_usage_is_one_sentence(string words, string problem)
    {
        File.WriteAllText(folder["file.txt"], "");
        if (!words.Contains("--out", StringComparison.Ordinal)) words += " --out cache";
        string[] own = [.. words.Split(' ').Select(word =>
            word is "file.txt" or "many" or "cache" ? folder[word] : word)];
        var (code, output, error) = await ApplicationTests.Run(
            ["features", "--network", network, "--data", folder["many"], "--timesteps", "20", "--blocks", "3", .. own]);
        Assert.That(code, Is.InRange(1, 2));
        Assert.That(output, Is.Empty);
        Assert.That(error, Does.Contain(problem));
        Assert.That(Directory.Exists(folder["cache"]), Is.False);
    }

    [Test]
    public async Task A_folder_without_shards_is_said_to_be_none() =>
        Assert.That((await ApplicationTests.Run(["features", "--merge", folder["many"]])).Error,
            Does.Contain("is no folder of features: no shard of them is complete"));

    private string[] Extract(string cache, int shard) =>
    [
        "features", "--network", network, "--data", folder["many"], "--timesteps", "20", "--blocks", "3,9", "--draws",
        "2", "--batch", "4", "--out", folder[cache], "--shard", $"{shard}", "--of", "3",
    ];
}
