using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Which blocks feed which, and what that costs, against the paper's tables.</summary>
[TestFixture]
internal sealed class FeedbackStrategyTests
{
    private static readonly UNetPlan adm256 = UNetPlan.For(UNetPresets.ImageNet256Unconditional);

    [TestCase("all", "20:18 21:17 22:16 23:15 24:14 25:13 26:12 27:11 28:10 29:9 30:8 31:7 32:6 33:5 34:4 35:3 36:2 "
        + "37:1")]
    [TestCase("bottleneck", "21:17 24:14 27:11 30:8 33:5 36:2")]
    [TestCase("windowed", "20:18 21:17 22:16 23:15 24:14")]
    [TestCase("multi-scale", "20:14 21:14 22:14 23:14 24:14")]
    [TestCase("24,21", "21:17 24:14")]
    [TestCase("24:3, 21", "21:17 24:3")]
    public void Of_the_published_network(string choice, string links) =>
        Assert.That(string.Join(' ', FeedbackStrategy.Parse(choice, adm256)), Is.EqualTo(links));

    // The paper's Table 4 says 7.6, 2.8, 5.2 and 5.2 million.
    [TestCase("all", 7_622_144)]
    [TestCase("bottleneck", 2_759_680)]
    [TestCase("windowed", 5_253_120)]
    [TestCase("multi-scale", 5_253_120)]
    public void Parameters(string choice, long count)
    {
        var links = FeedbackStrategy.Parse(choice, adm256);
        using var networks = new FeedbackNetworks(FeedbackNetworks.Default,
            [.. links.Select(link => (adm256[link.From].OutChannels, adm256[link.To].OutChannels))]);
        Assert.That(networks.ParameterCount, Is.EqualTo(count));
    }

    [TestCase("bottleneck", "8:6 10:4 12:2")]
    [TestCase("windowed", "8:6 9:5 10:4 11:3 12:2")]
    [TestCase("multi-scale", "8:2 9:2 10:2 11:2 12:2")]
    public void Of_a_network_with_one_block_a_level(string choice, string links)
    {
        var plan = UNetPlan.For(UNetPresets.ImageNet256Unconditional with
        {
            ImageSize = 32,
            ChannelMult = [1, 1, 2],
            NumResBlocks = 1,
        });
        Assert.That(string.Join(' ', FeedbackStrategy.Parse(choice, plan)), Is.EqualTo(links));
    }

    // Every level's next-to-last block has the size of the block that it feeds.
    [Test]
    public void Bottleneck_never_changes_a_size() => Assert.That(FeedbackStrategy.Bottleneck(adm256)
        .Select(link => (adm256[link.From].Out, adm256[link.To].Out)), Is.All.Matches<(MapSize From, MapSize To)>(
            sizes => sizes.From == sizes.To));

    [TestCase("every", "'every' is no choice of feedback")]
    [TestCase("21:17:3", "is no choice of feedback")]
    [TestCase("19", "decoder blocks, 20 to 37")]
    [TestCase("38", "decoder blocks, 20 to 37")]
    [TestCase("21:19", "encoder blocks, 1 to 18")]
    [TestCase("21:0", "encoder blocks, 1 to 18")]
    [TestCase("21,21:3", "a decoder block feeds back once")]
    public void What_cannot_be_is_said(string choice, string message) => Assert.That(
        () => FeedbackStrategy.Parse(choice, adm256), Throws.ArgumentException.With.Message.Contains(message));

    [TestCase("B_R", 8, 4, "begin with C")]
    [TestCase("C_X", 8, 4, "no feedback layer 'X'")]
    public void What_is_no_network_is_said(string letters, int from, int to, string message) => Assert.That(
        () => new FeedbackNetworks(letters, (from, to)), Throws.ArgumentException.With.Message.Contains(message));

    [Test]
    public void Every_letter_makes_its_layer()
    {
        using var network = new FeedbackNetworks("C_G_S_C_B_R", (32, 64));
        Assert.That(network.State().Select(p => $"{p.Name} {p.Parameter.Shape}"), Is.EqualTo(new[]
        {
            "0.0.weight [64, 32, 1, 1]", "0.1.weight [64]", "0.1.bias [64]", "0.3.weight [64, 1, 3, 3]",
            "0.4.weight [64]", "0.4.bias [64]", "0.4.running_mean [64]", "0.4.running_var [64]",
            "0.4.num_batches_tracked []",
        }));
    }
}
