using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Numbers of parameters in the paper's tables and ours. Where the two are not the same after rounding, the
/// row is named as different, and says why if it is known.</summary>
[TestFixture]
internal sealed class PaperParametersTests
{
    private static readonly UNetPlan adm256 = UNetPlan.For(UNetPresets.ImageNet256Unconditional);

    /// <summary>How the paper prints a number of millions.</summary>
    internal enum Printed
    {
        /// <summary>Rounded to tenths.</summary>
        Tenths,

        /// <summary>Cut off after the tenths.</summary>
        CutTenths,

        /// <summary>Rounded to whole millions.</summary>
        Ones,

        /// <summary>Cut off after the whole millions.</summary>
        CutOnes,

        /// <summary>Rounded to half millions, no better.</summary>
        Halves,

        /// <summary>Another number than ours, further off than rounding to tenths explains.</summary>
        Different,
    }

    private static string Chain(int layers) =>
        $"Use_CLS_Token:True:1024,Insert_CLS_Token,Attention:1024:8:4:{layers},Extract_CLS_Token";

    // The whole head is a chain, on the map as it is: no norm and no convolution before the tokens.
    private static string Bare(int layers) => "Use_CLS_Token:True:1024,Pool:2:2,Reshape,Insert_CLS_Token,"
        + $"Attention:1024:8:4:{layers},Extract_CLS_Token,Dense:1024:1000:identity";

    private static FeatureInfo[] Maps(params int[] blocks) =>
        [.. blocks.Select(b => new FeatureInfo(b, adm256[b].OutChannels, adm256[b].Out))];

    // The stages of a ResNet-50 for images of 224 pixels, and the blocks of a ViT-B.
    private static FeatureInfo[] Stages(params int[] stages) =>
        [.. stages.Select(s => new FeatureInfo(s, 128 << s, new MapSize(112 >> s, 112 >> s)))];

    private static FeatureInfo[] VitBlocks(params int[] blocks) =>
        [.. blocks.Select(b => new FeatureInfo(b, 768, new MapSize(14, 14)))];

    private static IEnumerable<TestCaseData> Table2()
    {
        foreach (var (layers, paper, ours) in new[] { (1, 15.2, 15_193_064L), (2, 27.8, 27_786_216),
            (4, 53.0, 52_972_520) })
            yield return Row("2", $"attention, {layers} layers", paper, ours, Printed.Tenths,
                () => new AttentionHead(Maps(24), 1000, Chain(layers)));
    }

    private static IEnumerable<TestCaseData> Table4()
    {
        foreach (var (choice, paper, ours, printed) in new[] { ("all", 7.6, 7_622_144L, Printed.Tenths),
            ("bottleneck", 2.8, 2_759_680, Printed.Tenths), ("windowed", 5.2, 5_253_120, Printed.CutTenths),
            ("multi-scale", 5.2, 5_253_120, Printed.CutTenths) })
            yield return Row("4", $"feedback, {choice}", paper, ours, printed, () => Feedback(choice));
    }

    private static IEnumerable<TestCaseData> Table8()
    {
        yield return Row("8", "guided diffusion", 553, 552_814_086, Printed.Ones, adm256.Parameters);
        yield return Row("8", "DifFormer", 585, 584_616_430, Printed.Ones, adm256.Parameters,
            () => new AttentionHead(Maps(19, 24, 30), 1000, Chain(2), timesteps: 3));
        yield return Row("8", "DifFeed", 583, 583_359_982, Printed.Ones, adm256.Parameters,
            () => new AttentionHead(Maps(24), 1000, Chain(2)), () => Feedback("bottleneck"));
    }

    private static IEnumerable<TestCaseData> Table11()
    {
        foreach (var (pool, paper, ours) in new[] { (1, 1, 1_025_000L), (2, 4, 4_097_000), (4, 16, 16_385_000),
            (8, 65, 65_537_000) })
            yield return Row("11", $"linear, {pool * pool * 1024} inputs", paper, ours, Printed.CutOnes,
                () => new LinearHead(Maps(24), 1000, pool));
        // Hidden layers of 2000: 2048 would give 4.1, 10.4, 14.6 and 35.6.
        foreach (var (pool, hidden, paper, ours) in new[] { (1, 1, 4, 4_051_000L), (2, 1, 10, 10_195_000),
            (2, 2, 14, 14_197_000), (4, 1, 34, 34_771_000) })
            yield return Row("11", $"MLP, {pool * pool * 1024} inputs, {hidden} hidden", paper, ours, Printed.CutOnes,
                () => new LinearHead(Maps(24), 1000, pool, [.. Enumerable.Repeat(2000, hidden)]));
    }

    // The paper has no layers for the CNN, only these numbers: kernels and classes were found that give them. Of the
    // row that is different, 48.4 million are the two convolutions alone.
    private static IEnumerable<TestCaseData> Table12()
    {
        foreach (var (first, second, paper, ours, printed) in new[] { (256, 256, 2.5, 2_336_232L, Printed.Halves),
            (500, 256, 3.5, 3_585_756, Printed.Halves), (1000, 256, 6, 6_146_256, Printed.CutOnes),
            (1000, 1000, 12, 12_099_000, Printed.CutOnes), (2000, 500, 14, 14_195_500, Printed.CutOnes),
            (2000, 2000, 32, 32_197_000, Printed.CutOnes), (4000, 2000, 48, 56_391_000, Printed.Different),
            (4000, 2500, 66, 66_391_500, Printed.CutOnes) })
            yield return Row("12", $"CNN {first}-{second}", paper, ours, printed,
                () => new CnnHead(Maps(24), 1000, (first, second)));
    }

    // What the tokens come through has no parameters in this table.
    private static IEnumerable<TestCaseData> Table13()
    {
        foreach (var (layers, paper, ours, printed) in new[] { (1, 13.7, 13_619_176L, Printed.Different),
            (2, 26.2, 26_212_328, Printed.Tenths), (3, 38.8, 38_805_480, Printed.Tenths),
            (4, 51.4, 51_398_632, Printed.Tenths), (5, 64.0, 63_991_784, Printed.Tenths) })
            yield return Row("13", $"attention without tokenisers, {layers} layers", paper, ours, printed,
                () => new AttentionStack(Bare(layers), [16, 16, 1024]));
    }

    // Fifty classes.
    private static IEnumerable<TestCaseData> Table15()
    {
        yield return Head("attention", 26.8, 26_812_466, Printed.Tenths, Maps(24));
        yield return Row("15", "DifFeed", 29.6, 29_572_146, Printed.Tenths, 0,
            () => new AttentionHead(Maps(24), 50, Chain(2)), () => Feedback("bottleneck"));
        yield return Head("DifFormer", 29.3, 28_882_994, Printed.Different, Maps(19, 24, 30), timesteps: 3);
        yield return Head("DifFormer, were block 19 as large as block 24", 29.3, 29_276_210, Printed.Tenths,
            [Maps(19)[0] with { Size = adm256[24].Out }, .. Maps(24, 30)], timesteps: 3);
        yield return Head("SimCLR, stage 4", 27.5, 27_537_458, Printed.Tenths, Stages(4));
        yield return Head("SimCLR, stages 1 to 4", 30.0, 30_170_162, Printed.Different, Stages(1, 2, 3, 4));
        // The paper's have no norm of each element.
        yield return Head("MAE, block 12, norm of channels", 26.0, 26_027_570, Printed.Tenths, VitBlocks(12),
            TokenNorm.Batch);
        yield return Head("MAE, blocks 9 to 12, norm of channels", 28.4, 28_394_546, Printed.Tenths,
            VitBlocks(9, 10, 11, 12), TokenNorm.Batch);
        yield return Head("MAE, block 12", 26.0, 26_327_090, Printed.Different, VitBlocks(12));
        yield return Head("MAE, blocks 9 to 12", 28.4, 29_592_626, Printed.Different, VitBlocks(9, 10, 11, 12));

        static TestCaseData Head(string row, double paper, long ours, Printed printed, FeatureInfo[] maps,
            TokenNorm norm = TokenNorm.Layer, int timesteps = 1) => Row("15", row, paper, ours, printed, 0,
            () => new AttentionHead(maps, 50, Chain(2), norm: norm, timesteps: timesteps));
    }

    [TestCaseSource(nameof(Table2))]
    [TestCaseSource(nameof(Table4))]
    [TestCaseSource(nameof(Table8))]
    [TestCaseSource(nameof(Table11))]
    [TestCaseSource(nameof(Table12))]
    [TestCaseSource(nameof(Table13))]
    [TestCaseSource(nameof(Table15))]
    public void A_row_of_the_paper(double paper, long ours, Printed printed, long network, Func<Module>[] parts)
    {
        var count = network;
        foreach (var make in parts)
        {
            using var part = make();
            count += part.ParameterCount;
        }
        Assert.That(count, Is.EqualTo(ours));
        if (printed != Printed.Different) Assert.That(As(printed, ours), Is.EqualTo(paper));
        else Assert.That(Math.Abs(ours / 1e6 - paper), Is.GreaterThan(0.05), "the same: no longer different");
    }

    private static double As(Printed printed, long ours)
    {
        var millions = ours / 1e6;
        return printed switch
        {
            Printed.Tenths => Math.Round(millions, 1),
            Printed.CutTenths => Math.Truncate(millions * 10) / 10,
            Printed.Ones => Math.Round(millions),
            Printed.CutOnes => Math.Truncate(millions),
            _ => Math.Round(2 * millions) / 2,
        };
    }

    private static FeedbackNetworks Feedback(string choice) => new(FeedbackNetworks.Default,
        [.. FeedbackStrategy.Parse(choice, adm256).Select(link =>
            (adm256[link.From].OutChannels, adm256[link.To].OutChannels))]);

    private static TestCaseData Row(string table, string row, double paper, long ours, Printed printed,
        Func<Module> part) => Row(table, row, paper, ours, printed, 0, part);

    private static TestCaseData Row(string table, string row, double paper, long ours, Printed printed, long network,
        params Func<Module>[] parts) => new TestCaseData(paper, ours, printed, network, parts).SetArgDisplayNames(
            $"Table {table}", row, $"{paper}M", $"{ours:N0}", printed switch
            {
                Printed.Different => "different",
                Printed.Halves => "the same to half a million",
                _ => "the same",
            });
}
