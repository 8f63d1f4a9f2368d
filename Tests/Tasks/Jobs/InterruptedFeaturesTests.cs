using System.Buffers.Binary;
using Diffract.Engine;
using Diffract.Tasks;
using Diffract.Tests.Tasks;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Extractions that end early, and what is gone on with.</summary>
internal sealed class InterruptedFeaturesTests
{
    private const int Images = 12;
    private const int Batch = 3;

    private TemporaryFolder shared = null!, folder = null!;
    private DiffusionNetwork network = null!;

    private static FeaturesRecipe Recipe => new()
    {
        Data = "memory",
        Network = "tiny",
        Timesteps = [20],
        Blocks = [3],
        Batch = Batch,
    };

    private string Output => folder["f.safetensors"];

    private string Spool => Output + ".partial";

    [OneTimeSetUp]
    public void Load()
    {
        shared = new TemporaryFolder();
        network = NetworkFile.Load(Work.Network(shared.Path));
    }

    [OneTimeTearDown]
    public void Unload()
    {
        network.Dispose();
        shared.Dispose();
    }

    [SetUp]
    public void MakeFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    [Test]
    public void It_does_not_go_on_with_other_images()
    {
        var data = new FakeDataset(Images);
        var straight = Bytes(data);
        Stop(data);
        foreach (var other in (ImageDataset[])
        [
            DataSource.Range(new FakeDataset(2 * Images), Images, 2 * Images), new FakeDataset(Images + 1),
            new FakeDataset(Batch - 1), new FakeDataset(Images, classes: 3),
        ])
            Assert.That(() => Extract(other), Throws.TypeOf<DiffractException>().With.Message.EqualTo(
                $"{Spool} holds the beginning of another extraction (other checkpoint, images or settings): remove "
                + "that folder, or write to another file"));

        Extract(data);

        Assert.That(File.ReadAllBytes(Output).AsSpan().SequenceEqual(straight));
    }

    [Test]
    public void It_is_nobodys_without_its_identity()
    {
        Stop(new FakeDataset(Images));
        File.Delete(Path.Combine(Spool, "identity.json"));

        Assert.That(() => Extract(new FakeDataset(Images)), Throws.TypeOf<DiffractException>()
            .With.Message.Contains("another extraction"));
    }

    [Test]
    public void An_outage_of_the_data_breaks_no_picture()
    {
        var pictures = Work.Folder(folder["disk"]);
        var straight = Bytes(ImageFolder.Open(pictures));
        string down = Path.Combine(pictures, "down"), away = folder["away"];
        var data = new Watched(ImageFolder.Open(pictures), i =>
        {
            if (i == 7) Directory.Move(down, away);
        });

        Assert.That(() => Extract(data), Throws.TypeOf<DiffractException>().With.Message.StartsWith(down)
            .And.Message.Contains(": there is no such file, nor anything else in its folder; ")
            .And.Message.EndsWith("goes on"));
        var log = File.ReadAllLines(Path.Combine(Spool, "images.tsv"));
        Assert.That(log, Has.Length.GreaterThanOrEqualTo(Batch).And.All.StartsWith("kept"));

        Directory.Move(away, down);
        Assert.That(Extract(ImageFolder.Open(pictures)).Skipped, Is.Empty);
        Assert.That(File.ReadAllBytes(Output).AsSpan().SequenceEqual(straight));
    }

    [Test]
    public void Pictures_skipped_before_are_named_at_the_end()
    {
        var data = new FakeDataset(Images, broken: [1, 7]);
        Stop(data);

        var result = Extract(data);

        Assert.That(result.Skipped, Is.EqualTo("2 broken pictures were left out: picture-1 (before an interruption), "
            + "picture-7 (it is broken)"));
        using var table = FeatureTable.Open(Output);
        Assert.That((table.Count, table.Header!.Skipped),
            Is.EqualTo((Images - 2, new[] { "picture-1", "picture-7" })));
    }

    [Test]
    public void Without_a_picture_that_can_be_read_nothing_is_left()
    {
        Assert.That(() => Extract(new FakeDataset(2, broken: [0, 1])), Throws.TypeOf<DiffractException>()
            .With.Message.EqualTo($"{Output}: none of the 2 images could be read"));
        Assert.That(Directory.Exists(Spool), Is.False);

        Assert.That(Extract(new FakeDataset(2)).Images, Is.EqualTo(2));
    }

    [Test]
    public void Names_that_do_not_fit_into_the_header_are_refused_before_an_image_is_read()
    {
        string Name(int i) => $"\"\u00e4\"/{new string('x', 50)}{i}.png";
        Bytes(new Renamed(new FakeDataset(Images), Name));
        var needed = Header();
        var data = new FakeDataset(Images);

        Assert.That(() => Extract(new Renamed(data, Name), needed - 1), Throws.TypeOf<DiffractException>()
            .With.Message.EqualTo($"{Output}: the names of {Images} images need a header of {needed} bytes or more, "
                + $"and a feature file has room for {needed - 1}: divide the images with --shard and --of"));
        Assert.That((data.Loads, Directory.Exists(Spool)), Is.EqualTo((0, false)));
        Extract(new Renamed(data, Name), needed);
        Assert.That(Header(), Is.EqualTo(needed));
        Extract(new Renamed(new FakeDataset(Images, broken: [0, 5, 11]), Name), needed);
        Assert.That(Header(), Is.LessThanOrEqualTo(needed));
        Assert.That(() => Extract(new Renamed(data, _ => new string('x', 9_000_000))),
            Throws.TypeOf<DiffractException>().With.Message.Contains("has room for 100000000: divide"));
        Assert.That(TensorFile.MaxHeaderBytes(folder["f.pt"]), Is.Null);

        long Header()
        {
            using var file = File.OpenRead(Output);
            Span<byte> length = stackalloc byte[sizeof(long)];
            file.ReadExactly(length);
            return BinaryPrimitives.ReadInt64LittleEndian(length);
        }
    }

    [Test]
    public void A_long_log_whose_rows_are_lost_is_cut_at_once()
    {
        const int many = 300_000;
        Directory.CreateDirectory(Spool);
        File.WriteAllText(Path.Combine(Spool, "identity.json"), "id");
        File.WriteAllLines(Path.Combine(Spool, "images.tsv"), Enumerable.Range(0, many).Select(i => $"kept\t0\t{i}"));

        using var spool = new FeatureSpool(Output, () => "id", [("t20.b3", Shape.Of(1, 1, 1, 1))], DType.Float32, many,
            Batch);

        Assert.That(spool.Done, Is.Zero);
    }

    // A row has 32 channels of 4 x 4 places: 2 KiB, once in the folder that is gone on from and once in the file.
    [Test]
    public void A_disk_without_room_for_all_rows_is_noticed_before_an_image_is_read()
    {
        var data = new FakeDataset(Images);
        Assert.That(() => Extract(data, room: 48 * 1024 - 1), Throws.TypeOf<DiffractException>().With.Message.EqualTo(
            $"{Output}: 12 images' features take 24.0 KiB, and as much again until the file is whole; the disk has "
            + "48.0 KiB: take fewer images, timesteps or blocks, smaller averages (pool) or 16-bit numbers"));
        Assert.That(Directory.Exists(Spool), Is.False);
        Extract(data, room: 48 * 1024);
        Assert.That(File.Exists(Output));
    }

    private FeaturesResult Extract(ImageDataset data, long? limit = null, long? room = null) =>
        new FeaturesTask(Output, Recipe, data, network) { HeaderLimit = limit, Room = room }.Run(RunProgress.None);

    private byte[] Bytes(ImageDataset data)
    {
        Extract(data);
        return File.ReadAllBytes(Output);
    }

    private void Stop(ImageDataset data)
    {
        using var source = new CancellationTokenSource();
        using var progress = new StopLater(1, source);
        Assert.That(() => new FeaturesTask(Output, Recipe, data, network).Run(progress, source.Token),
            Throws.InstanceOf<OperationCanceledException>());
    }

    private sealed class Renamed(ImageDataset data, Func<int, string> name) : ImageDataset
    {
        public override int Count => data.Count;

        public override IReadOnlyList<string> ClassNames => data.ClassNames;

        public override int Label(int i) => data.Label(i);

        public override string Id(int i) => name(i);

        public override Image Load(int i) => data.Load(i);
    }
}
