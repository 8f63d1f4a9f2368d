using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

[TestFixture]
internal sealed class DifFeedTests
{
    // The published network's 37 blocks and their sizes, an eighth as wide.
    private static readonly UNetConfig narrow = UNetPresets.ImageNet256Unconditional with
    {
        ImageSize = 64,
        ModelChannels = 32,
        NumHeadChannels = 32,
    };

    [Test]
    public void Blocks_before_the_first_feedback_run_once_and_a_trained_network_runs_them_twice()
    {
        using var scope = Scope.Open();
        using var network = Network();
        using var feed = Feed(network, FeedbackStrategy.Windowed(network.Plan));
        var (x, t) = Input(network);
        var (shared, sharedCost) = Second(feed, x, t);
        network.RequiresGrad(true);
        var (whole, wholeCost) = Second(feed, x, t);
        Assert.That(whole, Is.EqualTo(shared));
        Assert.That(wholeCost - sharedCost, Is.EqualTo(network.Plan.MacsUpTo(13) - network.Plan.EmbeddingMacs));
    }

    [Test]
    public void Only_feedback_networks_of_a_frozen_network_get_gradients()
    {
        using var scope = Scope.Open();
        using var network = Network();
        using var feed = Feed(network, FeedbackStrategy.Bottleneck(network.Plan));
        var (x, t) = Input(network);
        feed.Run(x, t, [24]).Second[24].Mean().Backward();
        Assert.Multiple(() =>
        {
            Assert.That(network.Parameters().Select(p => p.Grad), Is.All.Null);
            Assert.That(feed.Parameters().Select(p => p.Grad), Is.All.Not.Null);
        });
    }

    [Test]
    public void A_thawed_network_is_trained_up_to_the_last_block()
    {
        using var scope = Scope.Open();
        using var network = Network();
        network.RequiresGradUpTo(24);
        using var feed = Feed(network, FeedbackStrategy.Bottleneck(network.Plan));
        var (x, t) = Input(network);
        feed.Run(x, t, [24]).Second[24].Mean().Backward();
        foreach (var (name, parameter) in network.NamedParameters())
        {
            var isUsed = !name.StartsWith("out.", StringComparison.Ordinal)
                && !(name.StartsWith("output_blocks.", StringComparison.Ordinal)
                    && int.Parse(name.Split('.')[1], System.Globalization.CultureInfo.InvariantCulture) >= 5);
            Assert.That(parameter.Grad is not null, Is.EqualTo(isUsed), name);
        }
    }

    // The step's cost for the published network is 1.39 whole forwards without the head: 994 + 320 + 242 of 1120 GMAC.
    [Test]
    public void A_training_step_costs_less_than_one_and_a_half_forwards()
    {
        using var scope = Scope.Open();
        using var network = Network();
        using var feed = Feed(network, FeedbackStrategy.Bottleneck(network.Plan));
        var (x, t) = Input(network);
        using var counter = MultiplyAdds.Count();
        feed.Run(x, t, [24]).Second[24].Mean().Backward();
        var plan = network.Plan;
        // At least both passes, and a gradient for all that lies between the first feedback and the map.
        var least = plan.MacsUpTo(36) + plan.MacsUpTo(24) - plan.MacsUpTo(1);
        Assert.That(counter.Total, Is.GreaterThan(least + 0.9 * (plan.MacsUpTo(24) - plan.MacsUpTo(2)))
            .And.LessThan(1.45 * plan.Macs));
    }

    [Test]
    public void A_forward_for_maps_stops_at_the_last_of_them()
    {
        using var scope = Scope.Open();
        using var network = Network();
        var (x, t) = Input(network);
        foreach (var last in (int[])[24, 30])
        {
            using var no = GradMode.No();
            using var counter = MultiplyAdds.Count();
            network.Run(x, t, null, Taps.At([19, last]));
            // Upsampling and the like multiply nothing.
            Assert.That(counter.Total, Is.EqualTo(network.Plan.MacsUpTo(last)).Within(1).Percent, $"block {last}");
        }
    }

    [Test]
    public void The_head_gets_maps_of_both_passes()
    {
        using var scope = Scope.Open();
        using var network = Network();
        using var feed = new DifFeed(Backbone(network), FeedbackStrategy.Windowed(network.Plan), firstBlocks: [19, 24]);
        feed.Initialise(new Generator(3));
        var spec = new FeatureSpec([90, 150], [24]);
        var images = Tensor.Randn([1, 64, 64, 3], new Generator(4));
        var maps = feed.Extract(images, [7], spec, new NoiseSource(5));
        var plain = Backbone(network).Extract(images, [7], new FeatureSpec([90, 150], [19, 24]), new NoiseSource(5));
        Assert.Multiple(() =>
        {
            Assert.That(maps[1].Select(m => m.Block), Is.EqualTo(new[] { 19, 24, 24 }));
            Assert.That(feed.Maps(spec).Select(m => m.Block), Is.EqualTo(new[] { 19, 24, 24 }));
            Assert.That(feed.Maps(spec).Select(m => m.Channels), Is.EqualTo(maps[0].Select(m => m.Map.Shape.Int(3))));
            for (var i = 0; i < 2; i++)
                Assert.That(Numbers(maps[1][i].Map), Is.EqualTo(Numbers(plain[1][i].Map)), $"first pass {i}");
            Assert.That(Numbers(maps[1][2].Map), Is.Not.EqualTo(Numbers(maps[1][1].Map)));
        });
    }

    [Test]
    public void Feedback_that_reaches_nothing_is_refused()
    {
        using var scope = Scope.Open();
        using var network = Network();
        using var feed = Feed(network, FeedbackStrategy.Windowed(network.Plan));
        var (x, t) = Input(network);
        Assert.That(() => feed.Run(x, t, [13]), Throws.ArgumentException.With.Message.Contains("no feedback reaches"));
        Assert.That(() => new DifFeed(Backbone(network), feed.Links, firstBlocks: [38]), Throws.ArgumentException);
    }

    private static (float[] Map, long Cost) Second(DifFeed feed, Tensor x, Tensor t)
    {
        using var scope = Scope.Open();
        using var no = GradMode.No();
        feed.Eval();
        using var counter = MultiplyAdds.Count();
        return (Numbers(feed.Run(x, t, [24]).Second[24]), counter.Total);
    }

    private static float[] Numbers(Tensor map) => map.ToArray<float>();

    private static UNet Network()
    {
        var network = new UNet(narrow);
        network.Initialise(new Generator(0));
        // Zero-initialised layers would let nothing through.
        using (GradMode.No())
            foreach (var (parameter, i) in network.Parameters().Select((p, i) => (p, i)))
                parameter.Assign(parameter + 0.02 * Tensor.Randn(parameter.Shape, new Generator(1).Split((ulong)i)));
        network.Eval();
        network.RequiresGrad(false);
        return network;
    }

    private static DiffusionBackbone Backbone(UNet network) =>
        new(network, new GaussianDiffusion(NoiseSchedule.Linear()));

    private static DifFeed Feed(UNet network, IReadOnlyList<FeedbackLink> links)
    {
        var feed = new DifFeed(Backbone(network), links);
        feed.Initialise(new Generator(2));
        return feed;
    }

    private static (Tensor X, Tensor T) Input(UNet network) =>
        (Tensor.Randn([1, network.Config.ImageSize, network.Config.ImageSize, 3], new Generator(6)),
            Tensor.From([150L], [1]));
}
