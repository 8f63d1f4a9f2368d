using System.Runtime.CompilerServices;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Feature extraction: noise that belongs to the image, maps in the order asked for, batches as a stream.
/// </summary>
[TestFixture]
internal sealed class FeatureTests
{
    private static readonly UNetConfig Tiny = new()
    {
        ImageSize = 8,
        ModelChannels = 32,
        ChannelMult = [1, 1],
        NumResBlocks = 1,
        AttentionResolutions = [2],
        NumHeadChannels = 16,
    };

    private UNet network = null!;
    private DiffusionBackbone backbone = null!;

    [OneTimeSetUp]
    public void Build()
    {
        network = new UNet(Tiny);
        network.Initialise(new Generator(4));
        network.Eval();
        backbone = new DiffusionBackbone(network, new GaussianDiffusion(NoiseSchedule.Linear()));
    }

    [OneTimeTearDown]
    public void Release() => network.Dispose();

    [Test]
    public void Noise_is_standard_normal_and_belongs_to_seed_draw_image_and_step()
    {
        using var scope = Scope.Open();
        var noise = new NoiseSource(7);
        Shape image = [16, 16, 3];
        var some = noise.For([5, 9], 150, image);
        var values = some.ToArray<float>();
        Assert.Multiple(() =>
        {
            Assert.That(values.Average(), Is.EqualTo(0).Within(0.1));
            Assert.That(values.Average(v => v * v), Is.EqualTo(1).Within(0.1));
            Assert.That(noise.For([9], 150, image).ToArray<float>(), Is.EqualTo(values[768..]));
            foreach (var other in new[] { noise.For([5], 151, image), noise.For([6], 150, image),
                (noise with { Draw = 1 }).For([5], 150, image), new NoiseSource(8).For([5], 150, image),
                noise.For([150], 5, image) })
                Assert.That(Correlation(other.ToArray<float>(), values[..768]), Is.LessThan(0.15));
        });
    }

    [Test]
    public void Features_do_not_depend_on_the_batch()
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var images = Tensor.Uniform([3, 8, 8, 3], -1, 1, new Generator(1));
        var spec = new FeatureSpec([150, 30], [4, 2]);
        var together = backbone.Extract(images, [10, 20, 30], spec, new NoiseSource(3));
        var alone = backbone.Extract(images.Slice(0, 1, 1).Contiguous(), [20], spec, new NoiseSource(3));
        for (var t = 0; t < 2; t++)
            for (var b = 0; b < 2; b++)
                Assert.That(alone[t][b].Map.ToArray<float>(),
                    Is.EqualTo(together[t][b].Map.Slice(0, 1, 1).ToArray<float>()).Within(1e-5));
    }

    [Test]
    public void Maps_are_those_of_the_network_on_noised_images_in_the_order_asked_for()
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var images = Tensor.Uniform([1, 8, 8, 3], -1, 1, new Generator(1));
        var noise = new NoiseSource(3, Draw: 2);
        var maps = backbone.Extract(images, [77], new FeatureSpec([30, 150], [7, 3]), noise);
        var x = backbone.Diffusion.QSample(images, [150], noise.For([77], 150, [8, 8, 3]));
        var expected = network.Run(x, Tensor.From(150L), taps: Taps.At(3, 7));
        Assert.Multiple(() =>
        {
            Assert.That((maps.Timesteps, maps.BatchSize), Is.EqualTo((2, 1L)));
            Assert.That(maps[1].Select(m => m.Block), Is.EqualTo(new[] { 7, 3 }));
            Assert.That(maps[1][0].Map.ToArray<float>(), Is.EqualTo(expected[7].ToArray<float>()));
            Assert.That(maps[1][1].Map.ToArray<float>(), Is.EqualTo(expected[3].ToArray<float>()));
            Assert.That(maps[0][0].Map.ToArray<float>(), Is.Not.EqualTo(expected[7].ToArray<float>()));
        });
    }

    [Test]
    public void A_backbone_says_what_its_blocks_give()
    {
        var blocks = backbone.Blocks(new MapSize(16, 8));
        Assert.That(blocks, Has.Count.EqualTo(network.Plan.Last));
        Assert.That(blocks[4], Is.EqualTo(new FeatureInfo(5, 32, new MapSize(8, 4))));
        Assert.That(backbone.Blocks()[0].ToString(), Is.EqualTo("block 1: 32@8"));
    }

    [Test]
    public void Wishes_that_cannot_be_met_are_refused()
    {
        using var scope = Scope.Open();
        var images = Tensor.Zeros([1, 8, 8, 3]);
        Assert.Multiple(() =>
        {
            Assert.That(() => new FeatureSpec([1, 1], [2]), Throws.ArgumentException.With.Message.Contains("twice"));
            Assert.That(() => new FeatureSpec([], [2]), Throws.ArgumentException);
            Assert.That(() => new FeatureSpec([0], [0]), Throws.ArgumentException.With.Message.Contains("start at 1"));
            Assert.That(() => backbone.Extract(images, [0], new FeatureSpec([1000], [2]), new NoiseSource(0)),
                Throws.ArgumentException.With.Message.Contains("0 to 999"));
            Assert.That(() => backbone.Extract(images, [0], new FeatureSpec([0], [99]), new NoiseSource(0)),
                Throws.ArgumentException.With.Message.Contains("1 to "));
            Assert.That(() => backbone.Extract(images, [0, 1], new FeatureSpec([0], [1]), new NoiseSource(0)),
                Throws.TypeOf<ShapeException>());
            Assert.That(new FeatureSpec([1, 2], [3]), Is.EqualTo(new FeatureSpec([1, 2], [3])));
        });
    }

    [Test]
    public async Task Batches_stream_through_and_leave_no_memory()
    {
        var extractor = new FeatureExtractor(backbone, new FeatureSpec([50], [4]), new NoiseSource(1), pool: 2);
        // The first pass packs the weights, which stay packed.
        await foreach (var batch in extractor.Extract(Batches(1))) batch.Dispose();
        var before = LiveMemory.Blocks;
        var seen = new List<long>();
        await foreach (var batch in extractor.Extract(Batches(3)))
            using (batch)
            {
                seen.AddRange(batch.Ids);
                Assert.That(batch.Maps[0][0].Map.Shape, Is.EqualTo(Shape.Of(2, 2, 2, 32)));
                Assert.That(batch.Labels!.ToArray<long>(), Is.EqualTo(batch.Ids));
            }
        Assert.That(seen, Is.EqualTo(new[] { 0, 1, 2, 3, 4, 5 }));
        Assert.That(LiveMemory.Blocks, Is.EqualTo(before));
    }

    [Test]
    public async Task A_stream_can_be_cancelled_between_batches()
    {
        using var cancellation = new CancellationTokenSource();
        var extractor = new FeatureExtractor(backbone, new FeatureSpec([50], [2]), new NoiseSource(1));
        await foreach (var batch in extractor.Extract(Batches(1))) batch.Dispose();
        var before = LiveMemory.Blocks;
        var count = 0;
        Assert.That(async () =>
        {
            await foreach (var batch in extractor.Extract(Batches(100), cancellation.Token))
            {
                batch.Dispose();
                if (++count == 2) await cancellation.CancelAsync();
            }
        }, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(count, Is.EqualTo(2));
        Assert.That(LiveMemory.Blocks, Is.EqualTo(before));
    }

    [Test]
    public async Task A_reader_may_leave_early()
    {
        var extractor = new FeatureExtractor(backbone, new FeatureSpec([50], [2]), new NoiseSource(1));
        await foreach (var batch in extractor.Extract(Batches(1))) batch.Dispose();
        var before = LiveMemory.Blocks;
        await foreach (var batch in extractor.Extract(Batches(100)))
        {
            batch.Dispose();
            break;
        }
        Assert.That(LiveMemory.Blocks, Is.EqualTo(before));
    }

    [Test]
    public void A_fault_of_the_source_reaches_the_reader()
    {
        var extractor = new FeatureExtractor(backbone, new FeatureSpec([50], [2]), new NoiseSource(1));
        Assert.That(async () =>
        {
            await foreach (var batch in extractor.Extract(Batches(5, failAt: 2))) batch.Dispose();
        }, Throws.TypeOf<IOException>());
    }

    private static async IAsyncEnumerable<ImageBatch> Batches(int count, int failAt = -1,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        for (var i = 0; i < count; i++)
        {
            await Task.Yield();
            cancellation.ThrowIfCancellationRequested();
            if (i == failAt) throw new IOException("the disk is gone");
            long[] ids = [2 * i, 2 * i + 1];
            var images = Tensor.Uniform([2, 8, 8, 3], -1, 1, new Generator((ulong)i));
            yield return new ImageBatch(images, ids, Tensor.From(ids));
        }
    }

    private static double Correlation(float[] a, float[] b) => Math.Abs(a.Zip(b, (x, y) => x * y).Average());
}
