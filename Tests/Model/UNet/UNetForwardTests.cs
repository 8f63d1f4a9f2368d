using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>How the one forward loop behaves: where it stops, what it keeps, what it adds, from how many threads.
/// </summary>
[TestFixture]
internal sealed class UNetForwardTests
{
    private static readonly UNetConfig Tiny = new()
    {
        ImageSize = 16,
        ModelChannels = 32,
        ChannelMult = [1, 1, 2],
        NumResBlocks = 1,
        AttentionResolutions = [2, 4],
        NumHeadChannels = 16,
    };

    [Test]
    public void It_stops_after_the_last_block_that_is_needed()
    {
        using var scope = Scope.Open();
        using var network = Network(Tiny);
        // A network that holds no numbers beyond block 9 cannot run any further without being noticed.
        using var part = new UNet(Tiny);
        var blocks = part.Plan.Blocks.Take(9).Select(b => b.Module + ".").Append("time_embed.").ToList();
        part.LoadStateDict(network.StateDict()
            .Where(p => blocks.Any(b => p.Key.StartsWith(b, StringComparison.Ordinal))).ToDictionary(), strict: false);
        var (x, t) = Input(network);
        var expected = network.Run(x, t, taps: Taps.At(Enumerable.Range(1, 13)));
        var found = part.Run(x, t, taps: Taps.At(3, 9));
        Assert.Multiple(() =>
        {
            Assert.That(found.Blocks.Keys, Is.EqualTo(new[] { 3, 9 }));
            Assert.That(found[9].ToArray<float>(), Is.EqualTo(expected[9].ToArray<float>()));
            Assert.That(found[3].ToArray<float>(), Is.EqualTo(expected[3].ToArray<float>()));
            Assert.That(() => found.Result, Throws.InvalidOperationException.With.Message.Contains("AndOutput"));
            Assert.That(() => found[4], Throws.TypeOf<KeyNotFoundException>().With.Message.Contains("3, 9"));
            Assert.That(() => part.Run(x, t, taps: Taps.At(10)), Throws.InvalidOperationException);
            Assert.That(() => part.Run(x, t, taps: Taps.At(14)), Throws.ArgumentException.With.Message
                .Contains("1 to 13"));
        });
    }

    [Test]
    public void Nothing_but_the_result_is_left_in_memory()
    {
        using var scope = Scope.Open();
        using var network = Network(Tiny);
        network.RequiresGrad(false);
        var (x, t) = Input(network);
        // The first forward packs the weights, which stay packed.
        network.Run(x, t).Dispose();
        var before = LiveMemory.Blocks;
        var output = network.Run(x, t, taps: Taps.At(2, 9).AndOutput());
        Assert.That(LiveMemory.Blocks - before, Is.EqualTo(3));
        output.Dispose();
        Assert.That(LiveMemory.Blocks, Is.EqualTo(before));
    }

    [Test]
    public void Maps_are_released_as_soon_as_nobody_reads_them()
    {
        // Without taps the decoder's last block sees its input, one skip connection and its own temporaries; keeping
        // every map would add all of them.
        using var scope = Scope.Open();
        var config = Tiny with { ChannelMult = [1, 1, 1, 1], NumResBlocks = 3, AttentionResolutions = [] };
        using var network = Network(config);
        network.RequiresGrad(false);
        var (x, t) = Input(network, 64);
        var all = network.Plan.At(new MapSize(64, 64)).Blocks.Sum(b => b.OutElements) * sizeof(float) * x.Shape[0];
        Assert.That(Peak(() => network.Run(x, t)), Is.LessThan(all * 0.8));
        Assert.That(Peak(() => network.Run(x, t, taps: Taps.At(Enumerable.Range(1, network.Plan.Last)))),
            Is.GreaterThan(all));
    }

    [Test]
    public void Recomputation_gives_the_same_gradients_and_keeps_less()
    {
        using var scope = Scope.Open();
        using var network = Network(Tiny with { ImageSize = 32 });
        var (x, t) = Input(network, 32);
        var plain = Gradients(network, x, t, out var plainBytes);
        network.RecomputeBlocks = true;
        var again = Gradients(network, x, t, out var recomputeBytes);
        AssertClose(again, plain);
        Assert.That(recomputeBytes, Is.LessThan(plainBytes / 2));
    }

    [Test]
    public void Recomputation_drops_the_same_elements_again()
    {
        using var scope = Scope.Open();
        using var network = Network(Tiny with { Dropout = 0.3 });
        var (x, t) = Input(network);
        network.UseGenerator(new Generator(11));
        var plain = Gradients(network, x, t, out _);
        network.UseGenerator(new Generator(11));
        network.RecomputeBlocks = true;
        AssertClose(Gradients(network, x, t, out _), plain);
    }

    [Test]
    public void Threads_share_one_network()
    {
        using var scope = Scope.Open();
        using var network = Network(Tiny);
        network.RequiresGrad(false);
        var (x, t) = Input(network);
        var expected = network.Forward(x, t).ToArray<float>();
        var found = new float[4][];
        var threads = Enumerable.Range(0, found.Length).Select(i => new Thread(() =>
        {
            for (var round = 0; round < 3; round++)
                using (Scope.Open()) found[i] = network.Forward(x, t).ToArray<float>();
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.That(found, Is.All.EqualTo(expected));
    }

    [Test]
    public void Feedback_is_added_after_encoder_blocks_and_reaches_the_skips()
    {
        using var scope = Scope.Open();
        using var network = Network(Tiny);
        var (x, t) = Input(network);
        var plain = network.Run(x, t, taps: Taps.At(4, 10));
        var map = Tensor.Randn([2, 4, 4, 32], new Generator(5));
        var with = network.Run(x, t, taps: Taps.At(4, 10), feedback: new Feedback().Add(4, map));
        var expected = plain[4] + map.ResizeBilinear(8, 8);
        Assert.Multiple(() =>
        {
            Assert.That(with[4].ToArray<float>(), Is.EqualTo(expected.ToArray<float>()));
            Assert.That(with[10].ToArray<float>(), Is.Not.EqualTo(plain[10].ToArray<float>()));
            Assert.That(() => network.Run(x, t, feedback: new Feedback().Add(7, map)), Throws.ArgumentException
                .With.Message.Contains("encoder blocks, 1 to 6"));
            Assert.That(() => network.Run(x, t, feedback: new Feedback().Add(6, map)), Throws.TypeOf<ShapeException>()
                .With.Message.Contains("64 channels"));
        });
    }

    [Test]
    public void Known_encoder_maps_are_not_calculated_again()
    {
        using var scope = Scope.Open();
        using var network = Network(Tiny);
        var (x, t) = Input(network);
        var first = network.Run(x, t, taps: Taps.At(1, 2, 3, 9));
        var known = first.Blocks.Where(b => b.Key <= 3).ToDictionary();
        // Only the known maps lead to block 9 now: the input may be anything.
        var second = network.Run(Tensor.Zeros(x.Shape), t, taps: Taps.At(9), known: known);
        Assert.Multiple(() =>
        {
            Assert.That(second[9].ToArray<float>(), Is.EqualTo(first[9].ToArray<float>()));
            Assert.That(known.Values.Select(m => m.IsDisposed), Is.All.False);
            Assert.That(() => network.Run(x, t, taps: Taps.At(2, 9), known: known), Throws.ArgumentException);
            Assert.That(() => network.Run(x, t, feedback: new Feedback().Add(2, known[2]), known: known),
                Throws.ArgumentException.With.Message.Contains("block 2"));
        });
    }

    [Test]
    public void Class_conditional_networks_need_labels_and_others_take_none()
    {
        using var scope = Scope.Open();
        using var plain = Network(Tiny);
        using var conditional = Network(Tiny with { NumClasses = 5 });
        var (x, t) = Input(plain);
        var labels = Tensor.From(1L, 4L);
        Assert.Multiple(() =>
        {
            Assert.That(() => conditional.Forward(x, t), Throws.ArgumentException.With.Message.Contains("0 to 4"));
            Assert.That(() => plain.Forward(x, t, labels), Throws.ArgumentException.With.Message.Contains("no labels"));
            Assert.That(() => conditional.Forward(x, t, Tensor.From(1L)), Throws.TypeOf<ShapeException>());
            Assert.That(conditional.Forward(x, t, labels).Shape, Is.EqualTo(Shape.Of(2, 16, 16, 6)));
            var difference = conditional.Embed(t, labels) - conditional.Embed(t, Tensor.From(0L, 4L));
            Assert.That(difference.Slice(0, 1, 1).ToArray<float>(), Is.All.Zero);
            Assert.That(difference.Slice(0, 0, 1).ToArray<float>(), Has.Some.Not.Zero);
        });
    }

    [Test]
    public void Inputs_that_do_not_fit_are_explained()
    {
        using var scope = Scope.Open();
        using var network = Network(Tiny);
        var t = Tensor.From(1L, 2L);
        Assert.Multiple(() =>
        {
            Refuses([2, 3, 16, 16], "channels last");
            Refuses([2, 18, 16, 3], "multiples of 4");
            Refuses([1, 16, 16, 3], "one time step for each");
        });

        void Refuses(Shape images, string message) => Assert.That(() => network.Forward(Tensor.Zeros(images), t),
            Throws.TypeOf<ShapeException>().With.Message.Contains(message));
    }

    [Test]
    public void Other_sizes_and_float64_work()
    {
        using var scope = Scope.Open();
        using var network = Network(Tiny);
        var x = Tensor.Randn([1, 8, 24, 3], new Generator(1));
        var t = Tensor.From(12.5f);
        var single = network.Forward(x, t).ToArray<float>();
        network.To(DType.Float64);
        var exact = network.Forward(x.To(DType.Float64), t);
        Assert.That(exact.Shape, Is.EqualTo(Shape.Of(1, 8, 24, 6)));
        Assert.That(single, Is.EqualTo(exact.ToArray<double>().Select(v => (float)v)).Within(1e-4));
    }

    private static UNet Network(UNetConfig config)
    {
        var network = new UNet(config);
        network.Initialise(new Generator(42));
        // Zero layers would hide everything behind them.
        foreach (var (_, parameter) in network.State().Where(p => p.Parameter.Value.ToArray<float>().All(v => v == 0)))
            using (Scope.Open()) parameter.Assign(Tensor.Randn(parameter.Shape, new Generator(43)) * 0.05f);
        return network;
    }

    private static (Tensor X, Tensor Timesteps) Input(UNet network, int size = 16) =>
        (Tensor.Randn([2, size, size, network.Config.InChannels], new Generator(1)), Tensor.From(150L, 7L));

    private static long Peak(Func<UNetOutput> run)
    {
        using var scope = Scope.Open();
        run().Dispose();
        var before = LiveMemory.Bytes;
        Device.Cpu.ResetPeak();
        run();
        return Device.Cpu.Memory.PeakBytes - before;
    }

    // Not the same bits: what several blocks read gets its gradients in another order. The gradient of a bias before a
    // norm of single channels is nothing but the rounding of sums that cancel, whose terms are as large as elsewhere.
    private static void AssertClose(float[][] found, float[][] expected)
    {
        var largest = expected.Max(g => g.Max(MathF.Abs));
        for (var i = 0; i < expected.Length; i++)
        {
            var allowed = 1e-7f * largest + 1e-5f * expected[i].Max(MathF.Abs);
            Assert.That(found[i], Is.EqualTo(expected[i]).Within(allowed), $"parameter {i}");
        }
    }

    private static float[][] Gradients(UNet network, Tensor x, Tensor t, out long kept)
    {
        using var scope = Scope.Open();
        network.ZeroGrad();
        var before = LiveMemory.Bytes;
        var y = network.Forward(x, t);
        // Packed weights are not what recomputation is about.
        kept = LiveMemory.Bytes - before - network.Parameters().Sum(PackedWeights.BytesOf);
        (y * y).Mean().Backward();
        var gradients = network.Parameters().Select(p => p.Grad!.ToArray<float>()).ToArray();
        network.ZeroGrad();
        return gradients;
    }
}
