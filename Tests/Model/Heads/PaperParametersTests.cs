using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Numbers of parameters in the paper's tables and ours. Where the two are not the same after rounding, the
/// test says so and why.</summary>
[TestFixture]
internal sealed class PaperParametersTests
{
    private static readonly UNetPlan adm256 = UNetPlan.For(UNetPresets.ImageNet256Unconditional);

    private static string Chain(int layers) =>
        $"Use_CLS_Token:True:1024,Insert_CLS_Token,Attention:1024:8:4:{layers},Extract_CLS_Token";

    private static FeatureInfo[] Maps(params int[] blocks) =>
        [.. blocks.Select(b => new FeatureInfo(b, adm256[b].OutChannels, adm256[b].Out))];

    // Table, row, the paper's millions, ours.
    private static IEnumerable<TestCaseData> Heads()
    {
        foreach (var (layers, paper, ours) in new[] { (1, 15.2, 15_193_064L), (2, 27.8, 27_786_216),
            (4, 53.0, 52_972_520) })
            yield return Row("2", $"attention, {layers} layers", paper, ours,
                new AttentionHead(Maps(24), 1000, Chain(layers)));
        foreach (var (pool, paper, ours) in new[] { (1, 1, 1_025_000L), (2, 4, 4_097_000), (4, 16, 16_385_000),
            (8, 65, 65_537_000) })
            yield return Row("11", $"linear, {pool * pool * 1024} inputs", paper, ours,
                new LinearHead(Maps(24), 1000, pool), truncated: true);
        // Hidden layers of 2000: 2048 would give 4.1, 10.4, 14.6 and 35.6.
        foreach (var (pool, hidden, paper, ours) in new[] { (1, 1, 4, 4_051_000L), (2, 1, 10, 10_195_000),
            (2, 2, 14, 14_197_000), (4, 1, 34, 34_771_000) })
            yield return Row("11", $"MLP, {pool * pool * 1024} inputs, {hidden} hidden", paper, ours,
                new LinearHead(Maps(24), 1000, pool, [.. Enumerable.Repeat(2000, hidden)]), truncated: true);
        // The paper has no layers for the CNN, only these numbers: channels were found that give them.
        foreach (var (first, second, paper, ours) in new[] { (1000, 1000, 12, 12_099_000L), (2000, 500, 14, 14_195_500),
            (2000, 2000, 32, 32_197_000) })
            yield return Row("12", $"CNN {first}-{second}", paper, ours, new CnnHead(Maps(24), 1000, (first, second)),
                truncated: true);
        yield return Row("15", "attention, 50 classes", 26.8, 26_812_466, new AttentionHead(Maps(24), 50, Chain(2)));
    }

    [TestCaseSource(nameof(Heads))]
    public void A_head(double paper, long ours, Head head, bool truncated)
    {
        using var owned = head;
        Assert.That(head.ParameterCount, Is.EqualTo(ours));
        Assert.That(truncated ? Math.Truncate(ours / 1e6) : Math.Round(ours / 1e6, 1), Is.EqualTo(paper));
    }

    [Test]
    public void Whole_systems()
    {
        using var difformer = new AttentionHead(Maps(19, 24, 30), 1000, Chain(2), timesteps: 3);
        using var attention = new AttentionHead(Maps(24), 1000, Chain(2));
        using var feedback = new FeedbackNetworks(FeedbackNetworks.Default, [.. FeedbackStrategy.Bottleneck(adm256)
            .Select(link => (adm256[link.From].OutChannels, adm256[link.To].OutChannels))]);
        Assert.Multiple(() =>
        {
            Assert.That(adm256.Parameters, Is.EqualTo(552_814_086), "Table 8, guided diffusion: 553M");
            Assert.That(adm256.Parameters + difformer.ParameterCount, Is.EqualTo(584_616_430),
                "Table 8, DifFormer: 585M");
            Assert.That(adm256.Parameters + attention.ParameterCount + feedback.ParameterCount,
                Is.EqualTo(583_359_982), "Table 8, DifFeed: 583M");
        });
    }

    [Test]
    public void Heads_of_fifty_classes()
    {
        using var difformer = new AttentionHead(Maps(19, 24, 30), 50, Chain(2), timesteps: 3);
        using var attention = new AttentionHead(Maps(24), 50, Chain(2));
        using var feedback = new FeedbackNetworks(FeedbackNetworks.Default, [.. FeedbackStrategy.Bottleneck(adm256)
            .Select(link => (adm256[link.From].OutChannels, adm256[link.To].OutChannels))]);
        Assert.Multiple(() =>
        {
            Assert.That(attention.ParameterCount + feedback.ParameterCount, Is.EqualTo(29_572_146),
                "Table 15, DifFeed: 29.6M");
            // The paper's 29.3M would be a norm of 16 x 16 for block 19, whose map is 8 x 8.
            Assert.That(difformer.ParameterCount, Is.EqualTo(28_882_994), "Table 15, DifFormer: 29.3M, not reproduced");
            Assert.That(difformer.ParameterCount + 2 * 1024 * (16 * 16 - 8 * 8), Is.EqualTo(29_276_210));
        });
    }

    private static TestCaseData Row(string table, string row, double paper, long ours, Head head,
        bool truncated = false) => new TestCaseData(paper, ours, head, truncated)
            .SetArgDisplayNames($"Table {table}", row, $"{paper}M", $"{ours:N0}");
}
