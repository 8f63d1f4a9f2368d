using System.Globalization;
using System.Text.Json.Nodes;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>The plan against the published networks: names, blocks, parameters, cost. Nothing is allocated.</summary>
[TestFixture]
internal sealed class UNetPlanTests
{
    // b, content, input, output, skip from, heads, parameters, GMAC, cumulative GMAC (without the time embedding).
    private const string Blocks256 = """
        1|Conv 3x3|3@256|256@256|||7,168|0.453|0.5
        2|Res|256@256|256@256|||1,705,984|77.310|77.8
        3|Res|256@256|256@256|||1,705,984|77.310|155.1
        4|Res(down)|256@256|256@128|||1,705,984|19.328|174.4
        5|Res|256@128|256@128|||1,705,984|19.328|193.7
        6|Res|256@128|256@128|||1,705,984|19.328|213.1
        7|Res(down)|256@128|256@64|||1,705,984|4.832|217.9
        8|Res|256@64|512@64|||4,722,688|15.033|232.9
        9|Res|512@64|512@64|||5,771,264|19.328|252.3
        10|Res(down)|512@64|512@32|||5,771,264|4.833|257.1
        11|Res+Attn|512@32|512@32||8|6,822,912|6.980|264.1
        12|Res+Attn|512@32|512@32||8|6,822,912|6.980|271.0
        13|Res(down)|512@32|512@16|||5,771,264|1.209|272.3
        14|Res+Attn|512@16|1024@16||16|20,985,856|4.968|277.2
        15|Res+Attn|1024@16|1024@16||16|25,180,160|6.042|283.3
        16|Res(down)|1024@16|1024@8|||20,979,712|1.210|284.5
        17|Res+Attn|1024@8|1024@8||16|25,180,160|1.487|286.0
        18|Res+Attn|1024@8|1024@8||16|25,180,160|1.487|287.4
        19|Res+Attn+Res|1024@8|1024@8||16|46,159,872|2.697|290.1
        20|Res+Attn|2048@8|1024@8|18|16|36,717,568|2.225|292.4
        21|Res+Attn|2048@8|1024@8|17|16|36,717,568|2.225|294.6
        22|Res+Attn+Res(up)|2048@8|1024@16|16|16|57,697,280|7.059|301.7
        23|Res+Attn|2048@16|1024@16|15|16|36,717,568|8.995|310.6
        24|Res+Attn|2048@16|1024@16|14|16|36,717,568|8.995|319.6
        25|Res+Attn+Res(up)|1536@16|1024@32|13|16|52,453,376|26.982|346.6
        26|Res+Attn|1536@32|512@32|12|8|12,330,496|12.618|359.2
        27|Res+Attn|1024@32|512@32|11|8|9,708,032|9.933|369.2
        28|Res+Attn+Res(up)|1024@32|512@64|10|8|15,479,296|29.262|398.4
        29|Res|1024@64|512@64|9||8,656,384|31.140|429.6
        30|Res|1024@64|512@64|8||8,656,384|31.140|460.7
        31|Res+Res(up)|768@64|512@128|7||13,116,416|103.081|563.8
        32|Res|768@128|256@128|6||3,083,520|41.876|605.7
        33|Res|512@128|256@128|5||2,427,648|31.139|636.8
        34|Res+Res(up)|512@128|256@256|4||4,133,632|108.449|745.3
        35|Res|512@256|256@256|3||2,427,648|124.555|869.8
        36|Res|512@256|256@256|2||2,427,648|124.555|994.4
        37|Res|512@256|256@256|1||2,427,648|124.555|1118.9
        """;

    [Test]
    public void Blocks_of_the_256_network()
    {
        var plan = UNetPlan.For(UNetPresets.ImageNet256Unconditional);
        long sum = 0;
        var rows = plan.Blocks.Select(b => string.Create(CultureInfo.InvariantCulture,
            $"{b.Number}|{b.Content}|{b.InChannels}@{b.In}|{b.OutChannels}@{b.Out}|{b.SkipFrom}|"
            + $"{(b.Heads > 0 ? b.Heads : null)}|{b.Parameters:N0}|{b.Macs / 1e9:F3}|{(sum += b.Macs) / 1e9:F1}"));
        Assert.That(rows, Is.EqualTo(Blocks256.Split('\n')));
    }

    [Test]
    public void Names_and_skips_of_the_256_network()
    {
        var plan = UNetPlan.For(UNetPresets.ImageNet256Unconditional);
        Assert.Multiple(() =>
        {
            Assert.That(plan.Mid, Is.EqualTo(19));
            Assert.That(plan[1].Module, Is.EqualTo("input_blocks.0"));
            Assert.That(plan[19].Module, Is.EqualTo("middle_block"));
            Assert.That(plan[37].Module, Is.EqualTo("output_blocks.17"));
            Assert.That(plan[25].SkipChannels, Is.EqualTo(512));
            Assert.That(plan.Blocks.Take(18).Sum(b => b.OutElements), Is.EqualTo(70_582_272));
            Assert.That(plan.Blocks.Sum(b => b.OutElements), Is.EqualTo(163_840_000));
            Assert.That(plan.Blocks.SelectMany(b => b.Layers).OfType<AttentionPlan>().Sum(a => a.ProductMacs),
                Is.EqualTo(6_090_129_408));
            Assert.That((plan.Head.Macs, plan.Head.Parameters), Is.EqualTo((905_969_664L, 14_342L)));
            Assert.That((plan.EmbeddingMacs, plan.EmbeddingParameters), Is.EqualTo((1_310_720L, 1_312_768L)));
            Assert.That(plan.MacsUpTo(24) / (double)plan.Macs, Is.EqualTo(0.285).Within(0.0005));
            Assert.That(plan.MacsUpTo(30) / (double)plan.Macs, Is.EqualTo(0.411).Within(0.0005));
        });
    }

    [TestCase("imagenet64", 295_904_454, 541, 33, 17, 109_678_018_560)]
    [TestCase("imagenet128", 421_529_606, 493, 31, 16, 306_927_894_528)]
    [TestCase("imagenet256", 553_838_086, 567, 37, 19, 1_119_832_768_512)]
    [TestCase("imagenet256-uncond", 552_814_086, 566, 37, 19, 1_119_832_768_512)]
    [TestCase("imagenet512", 558_997_638, 645, 43, 22, 1_982_334_763_008)]
    [TestCase("lsun256", 552_814_086, 566, 37, 19, 1_119_832_768_512)]
    public void Published_networks(string preset, long parameters, int tensors, int blocks, int mid, long macs)
    {
        using var network = new UNet(UNetPresets.All[preset]);
        Assert.Multiple(() =>
        {
            Assert.That(network.ParameterCount, Is.EqualTo(parameters));
            Assert.That(network.Plan.Parameters, Is.EqualTo(parameters));
            Assert.That(network.State().Count(), Is.EqualTo(tensors));
            Assert.That((network.Plan.Last, network.Plan.Mid), Is.EqualTo((blocks, mid)));
            Assert.That(network.Plan.Macs, Is.EqualTo(macs));
        });
    }

    [TestCase(64, 65_438_568, 19.08)]
    [TestCase(128, 42_568_040, 21.04)]
    [TestCase(256, 54_096_360, 73.348600832)]
    [TestCase(512, 54_448_360, 112.77)]
    public void Published_classifiers(int size, long parameters, double gmacs)
    {
        using var network = new EncoderUNet(EncoderUNetConfig.Classifier(size));
        Assert.Multiple(() =>
        {
            Assert.That(network.ParameterCount, Is.EqualTo(parameters));
            Assert.That(network.Plan.Parameters, Is.EqualTo(parameters));
            Assert.That(network.Plan.Macs / 1e9, Is.EqualTo(gmacs).Within(size == 256 ? 0 : 0.005));
        });
    }

    [Test]
    public void Classifier_of_256_has_249_tensors_and_18_blocks_before_the_middle()
    {
        using var network = new EncoderUNet(EncoderUNetConfig.Classifier(256));
        var channels = network.Plan.Blocks.Select(b => b.OutChannels);
        Assert.That(network.State().Count(), Is.EqualTo(249));
        Assert.That(channels, Is.EqualTo(Enumerable.Repeat(128, 7).Concat(Enumerable.Repeat(256, 6))
            .Concat(Enumerable.Repeat(512, 6))));
    }

    [Test]
    public void State_dict_has_the_published_names_and_shapes_in_order()
    {
        var path = Path.Combine(Goldens.Repository ?? ".", "Tests", "Model", "UNet", "adm256-uncond.tsv");
        if (!File.Exists(path)) Assert.Ignore("the tests run away from the repository");
        using var network = new UNet(UNetPresets.ImageNet256Unconditional);
        var expected = File.ReadLines(path).Skip(1).ToList();
        var actual = network.State().Select(p => $"{p.Name}\t{string.Join(",", p.Parameter.Shape.ToArray())}");
        Assert.That(expected, Has.Count.EqualTo(566));
        Assert.That(actual, Is.EqualTo(expected));
    }

    [Test]
    public void Parameters_of_every_variant_are_those_of_the_modules(
        [Values] bool scaleShift, [Values] bool updown, [Values] bool conv, [Values] bool classes)
    {
        var config = UNetPresets.ImageNet64 with
        {
            UseScaleShiftNorm = scaleShift,
            ResblockUpdown = updown,
            ConvResample = conv,
            NumClasses = classes ? 10 : null,
        };
        using var network = new UNet(config);
        Assert.That(network.Plan.Parameters, Is.EqualTo(network.ParameterCount));
        Assert.That(network.Plan.Blocks.Sum(b => b.Parameters), Is.EqualTo(network.State()
            .Where(p => p.Name.Contains("_block", StringComparison.Ordinal)).Sum(p => p.Parameter.Shape.Count)));
    }

    [Test]
    public void Parameters_of_every_pool_are_those_of_the_modules([Values] EncoderPool pool)
    {
        using var network = new EncoderUNet(EncoderUNetConfig.Classifier(128) with { Pool = pool });
        Assert.That(network.Plan.Parameters, Is.EqualTo(network.ParameterCount));
    }

    [Test]
    public void Sizes_follow_the_input()
    {
        var plan = UNetPlan.For(UNetPresets.ImageNet256Unconditional).At(new MapSize(512, 384));
        Assert.That(plan[24].Out, Is.EqualTo(new MapSize(32, 24)));
        Assert.That(plan[37].Out, Is.EqualTo(new MapSize(512, 384)));
    }

    [Test]
    public void A_size_that_cannot_be_halved_is_refused() =>
        Assert.That(() => UNetPlan.For(UNetPresets.ImageNet256Unconditional, new MapSize(250, 256)),
            Throws.TypeOf<ShapeException>().With.Message.Contains("multiples of 32"));

    [Test]
    public void Configurations_that_cannot_be_built_are_refused()
    {
        var config = UNetPresets.ImageNet64;
        Assert.Multiple(() =>
        {
            Refuses(config with { ModelChannels = 48 }, "multiple of 32");
            Refuses(config with { NormGroups = 9 }, "192 channels; group normalisation needs a multiple of 9");
            Refuses(config with { NumHeadChannels = 100 }, "heads of 100");
            Refuses(config with { AttentionResolutions = [3] }, "found 3");
        });

        static void Refuses(UNetConfig config, string message) =>
            Assert.That(() => UNetPlan.For(config), Throws.ArgumentException.With.Message.Contains(message));
    }

    [Test]
    public void Files_from_before_there_was_a_choice_of_groups_have_32()
    {
        var config = UNetPresets.ImageNet64 with { NormGroups = 16 };
        Assert.That(config, Is.Not.EqualTo(UNetPresets.ImageNet64));
        Assert.That(TrunkConfig.FromJson(config.ToJson()).NormGroups, Is.EqualTo(16));
        var old = JsonNode.Parse(config.ToJson())!.AsObject();
        Assert.That(old.Remove("NormGroups"));
        Assert.That(TrunkConfig.FromJson(old.ToJsonString()), Is.EqualTo(UNetPresets.ImageNet64));
    }

    [Test]
    public void Configurations_are_values_and_survive_json()
    {
        foreach (var config in UNetPresets.All.Values.Cast<TrunkConfig>().Concat(UNetPresets.Classifiers.Values))
        {
            var back = TrunkConfig.FromJson(config.ToJson());
            Assert.That(back, Is.EqualTo(config));
            Assert.That(back.GetHashCode(), Is.EqualTo(config.GetHashCode()));
            Assert.That(back, Is.Not.EqualTo(config with { ChannelMult = [1, 2] }));
        }
    }

    [Test]
    public void A_plan_prints_as_a_table() => Assert.That(UNetPlan.For(UNetPresets.ImageNet256Unconditional).ToString(),
        Does.Contain("output_blocks.4").And.Contain("319.6").And.EndsWith("1,119,832,768,512 multiply-accumulates"));
}
