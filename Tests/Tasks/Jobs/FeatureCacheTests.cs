using Diffract.Engine;
using Diffract.Tasks;
using Diffract.Tests.Tasks;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Features in shards, made with the quickstart's network from a few of its pictures.</summary>
internal sealed class FeatureCacheTests
{
    private const int Images = 24;
    private const int Of = 3;

    private TemporaryFolder folder = null!;
    private DiffusionNetwork network = null!;
    private ImageDataset data = null!;

    private static FeaturesRecipe Recipe => new()
    {
        Data = "memory",
        Network = "quickstart",
        Timesteps = [50],
        Blocks = [6, 7],
        Draws = 2,
        Pool = 2,
        Batch = 4,
        Seed = 9,
    };

    private string Cache => folder["cache"];

    [OneTimeSetUp]
    public void Load()
    {
        network = NetworkFile.Load(QuickstartAssets.Network);
        data = DataSource.Range(IdxDataset.Open(QuickstartAssets.Data, train: true), 0, Images);
    }

    [OneTimeTearDown]
    public void Unload() => network.Dispose();

    [SetUp]
    public void MakeFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    [Test]
    public void Shards_made_in_any_order_are_read_like_one_file()
    {
        new FeaturesTask(folder["whole.safetensors"], Recipe, data, network).Run(RunProgress.None);
        Assert.That(Make(2).Complete, Is.EqualTo(1));
        Assert.That(Make(0).Complete, Is.EqualTo(2));
        Assert.That(File.Exists(FeatureCache.ManifestOf(Cache)), Is.False);
        Assert.That(Make(1).Complete, Is.EqualTo(3));

        using var whole = FeatureTable.Open(folder["whole.safetensors"]);
        using var table = FeatureTable.Open(Cache);

        Assert.That((table.Count, table.Classes, table.Header!.Images, table.Origin),
            Is.EqualTo((Images, whole.Classes, whole.Header!.Images, whole.Origin)));
        Assert.That(Enumerable.Range(0, Images).Select(table.Label), Is.EqualTo(Enumerable.Range(0, Images)
            .Select(whole.Label)));
        // Shards begin where batches of the whole do, so that all bits are the same.
        int[] items = [23, 0, 7, 8, 16, 15];
        foreach (var draw in (int[])[0, 1])
            Assert.That(Numbers(table, items, draw), Is.EqualTo(Numbers(whole, items, draw)));
        using var one = table.Select(50, 7);
        using var same = whole.Select(50, 7);
        Assert.That(Numbers(one, items, 1), Is.EqualTo(Numbers(same, items, 1)));
        using var chosen = FeatureTable.Open(Cache, new([50], [7]));
        Assert.That(Numbers(chosen, items, 1), Is.EqualTo(Numbers(same, items, 1)));
        var manifest = FeatureManifest.Load(FeatureCache.ManifestOf(Cache));
        Assert.That(manifest.Shards.Select(s => (s.Number, s.First, s.Count, s.Rows)),
            Is.EqualTo(new[] { (0, 0, 8, 8), (1, 8, 8, 8), (2, 16, 8, 8) }));
        Assert.That((manifest.Images, manifest.Of, manifest.NetworkSha256), Is.EqualTo((Images, Of, network.Sha256)));
    }

    [Test]
    public void Ranges_cover_all_images_as_evenly_as_can_be()
    {
        foreach (var (images, of) in new[] { (10, 3), (7, 7), (1_281_167, 64), (int.MaxValue, 1000) })
        {
            var next = 0L;
            for (var number = 0; number < of; number++)
            {
                var (first, count) = FeatureCache.Range(images, number, of);
                Assert.That(first, Is.EqualTo(next));
                Assert.That(count, Is.EqualTo(images / of).Or.EqualTo(images / of + 1));
                next += count;
            }
            Assert.That(next, Is.EqualTo(images));
        }
        Assert.That(() => Make(0, of: Images + 1), Throws.TypeOf<DiffractException>()
            .With.Message.EqualTo("24 images cannot be divided into 25 shards"));
    }

    [Test]
    public void Jobs_at_the_same_time_lose_nothing()
    {
        const int many = 8;
        Parallel.For(0, many, new ParallelOptions { MaxDegreeOfParallelism = 4 }, number =>
        {
            using var own = NetworkFile.Load(QuickstartAssets.Network);
            new FeatureShardTask(Cache, number, many, Recipe, data, own).Run(RunProgress.None);
        });

        Assert.That(FeatureManifest.Load(FeatureCache.ManifestOf(Cache)).Shards.Select(s => s.Number),
            Is.EqualTo(Enumerable.Range(0, many)));
        using var table = FeatureTable.Open(Cache);
        Assert.That(Enumerable.Range(0, Images).Select(table.Id), Is.EqualTo(Enumerable.Range(0, Images)
            .Select(data.Id)));
    }

    [Test]
    public void A_shard_that_was_stopped_goes_on_to_the_same_file()
    {
        var straight = File.ReadAllBytes(Make(1).Path);
        Forget();
        using var source = new CancellationTokenSource();
        using (var progress = new StopLater(1, source))
            Assert.That(() => Task(1, data).Run(progress, cancellation: source.Token),
                Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Directory.GetFiles(Cache), Is.Empty);
        // A torn end, as a loss of power leaves it: less than a row too much in one file.
        var spool = FeatureCache.ShardPath(Cache, 1, Of) + ".partial";
        File.AppendAllText(Path.Combine(spool, "t50.b6.bin"), "torn");
        File.AppendAllText(Path.Combine(spool, "images.tsv"), "kept\t3");

        var read = new List<int>();
        var watched = new Watched(data, i =>
        {
            lock (read) read.Add(i);
        });
        Assert.That(Task(1, watched).Run(RunProgress.None).Complete, Is.EqualTo(1));

        Assert.That(File.ReadAllBytes(FeatureCache.ShardPath(Cache, 1, Of)).AsSpan().SequenceEqual(straight));
        Assert.That(read, Is.EquivalentTo(new[] { 12, 13, 14, 15 }), "the first batch was kept");
        Assert.That(Directory.Exists(spool), Is.False);
    }

    [Test]
    public void A_shard_that_was_stopped_does_not_go_on_with_other_images()
    {
        using var source = new CancellationTokenSource();
        using (var progress = new StopLater(1, source))
            Assert.That(() => Task(1, data).Run(progress, cancellation: source.Token),
                Throws.InstanceOf<OperationCanceledException>());
        var others = DataSource.Range(IdxDataset.Open(QuickstartAssets.Data, train: true), Images, 2 * Images);

        Assert.That(() => Task(1, others).Run(RunProgress.None), Throws.TypeOf<DiffractException>()
            .With.Message.StartsWith($"{FeatureCache.ShardPath(Cache, 1, Of)}.partial holds the beginning of another "
                + "extraction (other checkpoint, images or settings): "));
        Assert.That(Directory.GetFiles(Cache), Is.Empty);

        Assert.That(Make(1).Shard.Rows, Is.EqualTo(Images / Of));
    }

    [Test]
    public void Killed_between_file_and_manifest_nothing_is_calculated_again()
    {
        var straight = File.ReadAllBytes(Make(0).Path);
        var path = FeatureCache.ShardPath(Cache, 0, Of);
        Forget();
        Directory.CreateDirectory(Cache);
        Assert.That(() => new FeaturesTask(path, Recipe, data, network, 0, 8)
        {
            Saved = _ => throw new OperationCanceledException(),
        }.Run(RunProgress.None), Throws.InstanceOf<OperationCanceledException>());
        Assert.That((File.Exists(path), File.Exists(FeatureCache.ManifestPath(path))), Is.EqualTo((true, false)));
        Assert.That(() => FeatureTable.Open(Cache), Throws.TypeOf<DiffractException>()
            .With.Message.Contains("no shard of them is complete"));

        Task(0, Unread).Run(RunProgress.None);
        Assert.That(File.ReadAllBytes(path).AsSpan().SequenceEqual(straight));

        // Killed once more, with the manifest written and the spool half removed.
        Directory.CreateDirectory(path + ".partial");
        File.WriteAllText(Path.Combine(path + ".partial", "t50.b6.bin"), "left");
        Assert.That(Task(0, Unread).Run(RunProgress.None).Complete, Is.EqualTo(1));
        Assert.That(Directory.Exists(path + ".partial"), Is.False);
    }

    [TestCase("missing", "is missing")]
    [TestCase("short", "is damaged: ")]
    [TestCase("changed", "is damaged: its content has another hash")]
    public void A_damaged_shard_is_named_and_made_again(string damage, string problem)
    {
        for (var number = 0; number < Of; number++) Make(number);
        var path = FeatureCache.ShardPath(Cache, 1, Of);
        var whole = File.ReadAllBytes(path);
        if (damage == "missing") File.Delete(path);
        else if (damage == "short") File.WriteAllBytes(path, whole[..^100]);
        else File.WriteAllBytes(path, [.. whole[..^100], (byte)(whole[^100] ^ 1), .. whole[^99..]]);

        foreach (var read in new Action[] { () => FeatureTable.Open(Cache),
            () => FeatureCache.Merge(Cache, RunProgress.None) })
            Assert.That(read, Throws.TypeOf<DiffractException>()
                .With.Message.StartsWith($"shard 1 of 3, {path}, {problem}"));
        Assert.That(Task(0, Unread).Run(RunProgress.None).Complete, Is.EqualTo(3));

        Make(1);
        Assert.That(File.ReadAllBytes(path).AsSpan().SequenceEqual(whole));
        Assert.That(FeatureCache.Merge(Cache, RunProgress.None).Shards, Has.Count.EqualTo(3));
        FeatureTable.Open(Cache).Dispose();
    }

    [Test]
    public void A_damaged_manifest_costs_its_shard_only()
    {
        for (var number = 0; number < Of; number++) Make(number);
        var manifest = FeatureCache.ManifestPath(FeatureCache.ShardPath(Cache, 2, Of));
        File.WriteAllText(manifest, File.ReadAllText(manifest)[..200]);

        Assert.That(() => FeatureTable.Open(Cache), Throws.InstanceOf<DiffractException>()
            .With.Message.StartsWith(manifest));
        Assert.That(Task(1, Unread).Run(RunProgress.None).Complete, Is.EqualTo(2));
        Assert.That(Make(2).Complete, Is.EqualTo(3));
        FeatureTable.Open(Cache).Dispose();
    }

    [Test]
    public void A_copy_of_a_manifest_and_one_without_its_shard_are_named()
    {
        for (var number = 0; number < Of; number++) Make(number);
        var manifest = FeatureCache.ManifestPath(FeatureCache.ShardPath(Cache, 0, Of));
        var copy = manifest.Replace(".json", " - Copy.json", StringComparison.Ordinal);
        File.Copy(manifest, copy);

        Refused($"{copy} is the manifest of shard 0 of 3, which is called {Path.GetFileName(manifest)}: remove it if "
            + "it is a copy, else give it that name");
        File.Delete(copy);
        (FeatureManifest.Load(manifest) with { Shards = [] }).Save(manifest);
        Refused($"{manifest} is no manifest of one shard: remove it, and make the shard again with diffract features "
            + "--shard");
        Assert.That(Task(1, Unread).Run(RunProgress.None).Complete, Is.EqualTo(2));
        Assert.That(Make(0).Complete, Is.EqualTo(3));
        FeatureTable.Open(Cache).Dispose();

        void Refused(string problem)
        {
            Assert.That(() => FeatureTable.Open(Cache), Throws.TypeOf<DiffractException>()
                .With.Message.EqualTo(problem));
            Assert.That(() => FeatureCache.Merge(Cache, RunProgress.None), Throws.TypeOf<DiffractException>()
                .With.Message.EqualTo(problem));
        }
    }

    [Test]
    public void Copied_files_are_read_whole_until_they_are_merged()
    {
        for (var number = 0; number < Of; number++) Make(number);
        var path = FeatureCache.ShardPath(Cache, 0, Of);
        File.SetLastWriteTimeUtc(path, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        FeatureTable.Open(Cache).Dispose();
        FeatureCache.Merge(Cache, RunProgress.None);

        foreach (var manifest in new[] { FeatureCache.ManifestPath(path), FeatureCache.ManifestOf(Cache) })
            Assert.That(FeatureManifest.Load(manifest).Shards[0].Written.Year, Is.EqualTo(2020));
        FeatureTable.Open(Cache).Dispose();
    }

    [Test]
    public void Shards_of_another_extraction_are_refused()
    {
        Make(0);
        var path = FeatureCache.ManifestPath(FeatureCache.ShardPath(Cache, 0, Of));
        Refused(() => Make(1, Recipe with { Seed = 10 }), "it was made with another recipe");
        Refused(() => Make(1, of: 4), "it is one of 3 shards, not of 4");
        Refused(() => Task(1, DataSource.Range(data, 1, 20)).Run(RunProgress.None), "it was made of other images");
        using var other = NetworkFile.Load(Work.Network(folder.Path));
        Refused(() => new FeatureShardTask(Cache, 1, Of, Recipe, data, other).Run(RunProgress.None),
            "it was made with another network");
        // Where the files lie, and how many images are read at once, does not matter.
        Make(1, Recipe with { Data = "elsewhere", Network = "copy", Batch = 8 });
        var foreign = FeatureManifest.Load(path);
        foreign = foreign with { Recipe = Recipe with { Pool = 4 }, Shards = [foreign.Shards[0] with { Number = 2 }] };
        var third = FeatureCache.ManifestPath(FeatureCache.ShardPath(Cache, 2, Of));
        foreign.Save(third);
        Assert.That(() => FeatureTable.Open(Cache), Throws.TypeOf<DiffractException>()
            .With.Message.EqualTo($"{third} does not go with {path}: it was made with another recipe"));

        void Refused(Action make, string reason) => Assert.That(make, Throws.TypeOf<DiffractException>()
            .With.Message.StartsWith($"{path} is of another extraction: {reason}"));
    }

    private ImageDataset Unread => new Watched(data, i => throw new InvalidOperationException($"image {i} was read"));

    private FeatureShardTask Task(int number, ImageDataset images) =>
        new(Cache, number, Of, Recipe, images, network);

    private FeatureShardResult Make(int number, FeaturesRecipe? recipe = null, int of = Of) =>
        new FeatureShardTask(Cache, number, of, recipe ?? Recipe, data, network).Run(RunProgress.None);

    private void Forget() => Directory.Delete(Cache, recursive: true);

    private static float[] Numbers(FeatureTable table, int[] items, int draw)
    {
        using var read = table.Read(items, draw);
        return [.. read.Maps.All.SelectMany(map => map.Map.ToArray<float>())];
    }
}
