using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>From names and shapes back to the architecture.</summary>
[TestFixture]
internal sealed class DetectionTests
{
    private static IEnumerable<string> Presets => UNetPresets.All.Keys.Where(name => name != "lsun256");

    [TestCaseSource(nameof(Presets))]
    public void Published_networks_are_recognised(string name)
    {
        var found = Networks.Detect(Shapes(UNetPresets.All[name]));
        Assert.Multiple(() =>
        {
            Assert.That(found.Config, Is.EqualTo(UNetPresets.All[name]));
            Assert.That(found.Preset, Is.EqualTo(name));
            Assert.That(found.Assumptions, Has.One.Contains($"those of {name}"));
        });
    }

    [Test]
    public void Lsun_networks_have_the_shapes_of_imagenet256_and_another_dropout()
    {
        var found = Networks.Detect(Shapes(UNetPresets.Lsun256), new NetworkOptions { Dropout = 0.1 });
        Assert.That(found.Config, Is.EqualTo(UNetPresets.Lsun256));
    }

    [Test]
    public void Published_classifiers_are_recognised([Values(64, 128, 256, 512)] int size)
    {
        var config = EncoderUNetConfig.Classifier(size);
        var found = Networks.Detect(Shapes(config));
        Assert.That((found.Config, found.Preset), Is.EqualTo(((TrunkConfig)config, (string?)$"classifier{size}")));
    }

    [Test]
    public void Every_variant_is_found_again([Values] bool scaleShift, [Values] bool updown, [Values] bool conv,
        [Values(null, 7)] int? classes, [Values(1, 2, 3)] int resBlocks)
    {
        var config = new UNetConfig
        {
            ImageSize = 48,
            InChannels = 4,
            OutChannels = 3,
            ModelChannels = 64,
            ChannelMult = [0.5, 1, 1, 2],
            NumResBlocks = resBlocks,
            AttentionResolutions = [2, 8],
            NumHeadChannels = 16,
            UseScaleShiftNorm = scaleShift,
            ResblockUpdown = updown,
            ConvResample = updown || conv,
            UseNewAttentionOrder = true,
            NumClasses = classes,
        };
        var options = new NetworkOptions { NumHeadChannels = 16, UseNewAttentionOrder = true, ImageSize = 48 };
        Assert.That(Networks.Detect(Shapes(config), options).Config, Is.EqualTo(config));
    }

    [Test]
    public void Every_pool_is_found_again([Values] EncoderPool pool)
    {
        var config = EncoderUNetConfig.Classifier(128) with { Pool = pool, NumResBlocks = 1, OutChannels = 5 };
        var options = new NetworkOptions { NumHeadChannels = 64, ImageSize = 128 };
        Assert.That(Networks.Detect(Shapes(config), options).Config, Is.EqualTo(config));
    }

    [Test]
    public void An_attention_pool_tells_the_image_size()
    {
        var config = EncoderUNetConfig.Classifier(256) with { ImageSize = 320, ModelChannels = 64 };
        var found = Networks.Detect(Shapes(config), new NetworkOptions { NumHeadChannels = 64 });
        Assert.That(found.Config, Is.EqualTo(config));
        Assert.That(found.Assumptions, Has.None.Contains("image size"));
    }

    [Test]
    public void Heads_that_nothing_tells_must_be_given()
    {
        var config = UNetPresets.ImageNet64 with { ModelChannels = 64 };
        Assert.That(() => Networks.Detect(Shapes(config)), Throws.TypeOf<NetworkDetectionException>().With.Message
            .Contains("NumHeadChannels"));
        var found = Networks.Detect(Shapes(config), new NetworkOptions { NumHeads = 4 });
        Assert.That((found.Config.NumHeads, found.Config.NumHeadChannels), Is.EqualTo((4, (int?)null)));
        Assert.That(found.Assumptions, Has.One.Contains("legacy attention order is assumed")
            .And.One.Contains("image size of 64 is assumed"));
    }

    [Test]
    public void Several_numbers_of_blocks_that_fit_must_be_decided()
    {
        // Two equal levels without attention, in an encoder: nothing marks where a level ends.
        var config = EncoderUNetConfig.Classifier(64) with
        {
            ChannelMult = [1, 1],
            AttentionResolutions = [],
            NumResBlocks = 2,
            ModelChannels = 64,
        };
        var options = new NetworkOptions { NumHeadChannels = 64 };
        Assert.That(() => Networks.Detect(Shapes(config), options), Throws.TypeOf<NetworkDetectionException>()
            .With.Message.Contains("NumResBlocks"));
        Assert.That(Networks.Detect(Shapes(config), options with { NumResBlocks = 2 }).Config, Is.EqualTo(config));
    }

    [Test]
    public void Options_win_over_the_preset()
    {
        var found = Networks.Detect(Shapes(UNetPresets.ImageNet256), new NetworkOptions { NumHeads = 8 });
        Assert.That(found.Config, Is.EqualTo(UNetPresets.ImageNet256 with { NumHeads = 8, NumHeadChannels = null }));
        Assert.That(found.Preset, Is.Null);
    }

    [Test]
    public void Other_files_are_refused()
    {
        Assert.That(() => Networks.Detect(new Dictionary<string, Shape> { ["conv1.weight"] = [64, 3, 7, 7] }),
            Throws.TypeOf<NetworkDetectionException>().With.Message.Contains("time_embed.0.weight"));
        var odd = Shapes(UNetPresets.ImageNet64);
        odd.Remove("output_blocks.3.1.in_layers.2.weight");
        odd.Remove("output_blocks.3.2.in_layers.2.weight");
        Assert.That(() => Networks.Detect(odd), Throws.TypeOf<NetworkDetectionException>().With.Message
            .Contains("no regular pattern"));
    }

    private static Dictionary<string, Shape> Shapes(TrunkConfig config)
    {
        using var network = Networks.Create(config);
        return network.State().ToDictionary(p => p.Name, p => p.Parameter.Shape);
    }
}
