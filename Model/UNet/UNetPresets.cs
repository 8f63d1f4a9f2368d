namespace Diffract.Model;

/// <summary>The published networks of Dhariwal and Nichol 2021.</summary>
public static class UNetPresets
{
    /// <summary>64 x 64, ImageNet classes.</summary>
    public static UNetConfig ImageNet64 { get; } = Base(64) with
    {
        ModelChannels = 192,
        NumResBlocks = 3,
        NumClasses = 1000,
        UseNewAttentionOrder = true,
        Dropout = 0.1,
    };

    /// <summary>128 x 128, ImageNet classes.</summary>
    public static UNetConfig ImageNet128 { get; } = Base(128) with
    {
        NumClasses = 1000,
        NumHeads = 4,
        NumHeadChannels = null,
    };

    /// <summary>256 x 256, ImageNet without labels: the feature extractor.</summary>
    public static UNetConfig ImageNet256Unconditional { get; } = Base(256);

    /// <summary>256 x 256, ImageNet classes.</summary>
    public static UNetConfig ImageNet256 { get; } = Base(256) with { NumClasses = 1000 };

    /// <summary>512 x 512, ImageNet classes.</summary>
    public static UNetConfig ImageNet512 { get; } = Base(512) with { NumClasses = 1000 };

    /// <summary>256 x 256, LSUN bedrooms, cats or horses: ImageNet's without labels, with dropout.</summary>
    public static UNetConfig Lsun256 { get; } = Base(256) with { Dropout = 0.1 };

    /// <summary>All diffusion networks by name.</summary>
    public static IReadOnlyDictionary<string, UNetConfig> All { get; } = new OrderedDictionary<string, UNetConfig>
    {
        ["imagenet64"] = ImageNet64,
        ["imagenet128"] = ImageNet128,
        ["imagenet256-uncond"] = ImageNet256Unconditional,
        ["imagenet256"] = ImageNet256,
        ["imagenet512"] = ImageNet512,
        ["lsun256"] = Lsun256,
    };

    /// <summary>The noise schedule, <c>linear</c> or <c>cosine</c>, that a network of <see cref="All"/> was trained
    /// with.</summary>
    /// <param name="preset">Its name; null for any other network, which is taken to be linear as most are.</param>
    public static string NoiseScheduleOf(string? preset) => preset == "imagenet64" ? "cosine" : "linear";

    /// <summary>The published noisy-image classifiers by name.</summary>
    public static IReadOnlyDictionary<string, EncoderUNetConfig> Classifiers { get; } =
        new OrderedDictionary<string, EncoderUNetConfig>
        {
            ["classifier64"] = EncoderUNetConfig.Classifier(64),
            ["classifier128"] = EncoderUNetConfig.Classifier(128),
            ["classifier256"] = EncoderUNetConfig.Classifier(256),
            ["classifier512"] = EncoderUNetConfig.Classifier(512),
        };

    /// <summary>The channel multipliers that go with an image size when none are named.</summary>
    /// <exception cref="ArgumentException">Only 64, 128, 256 and 512 have some.</exception>
    public static IReadOnlyList<double> ChannelMult(int imageSize) => imageSize switch
    {
        64 => [1, 2, 3, 4],
        128 => [1, 1, 2, 3, 4],
        256 => [1, 1, 2, 2, 4, 4],
        512 => [0.5, 1, 1, 2, 2, 4, 4],
        _ => throw new ArgumentException($"an image size of {imageSize} has no channel multipliers of its own "
            + "(64, 128, 256 and 512 have): name them"),
    };

    /// <summary>Turns attention resolutions in pixels into down-sampling factors.</summary>
    public static IReadOnlyList<int> Factors(int imageSize, params ReadOnlySpan<int> pixels)
    {
        var factors = new int[pixels.Length];
        for (var i = 0; i < pixels.Length; i++) factors[i] = imageSize / pixels[i];
        return factors;
    }

    private static UNetConfig Base(int imageSize) => new()
    {
        ImageSize = imageSize,
        ModelChannels = 256,
        ChannelMult = ChannelMult(imageSize),
        AttentionResolutions = Factors(imageSize, 32, 16, 8),
        NumHeadChannels = 64,
    };
}
