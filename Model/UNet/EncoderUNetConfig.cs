namespace Diffract.Model;

/// <summary>The encoder half of a U-Net with a pooling head: the noisy-image classifier of Dhariwal and Nichol 2021.
/// </summary>
public sealed record EncoderUNetConfig : TrunkConfig
{
    /// <summary>Length of the output: the number of classes.</summary>
    public int OutChannels { get; init; } = 1000;

    /// <summary>How the maps become one vector.</summary>
    public EncoderPool Pool { get; init; } = EncoderPool.Attention;

    /// <summary>The published classifier of an image size: 64, 128, 256 or 512.</summary>
    public static EncoderUNetConfig Classifier(int imageSize) => new()
    {
        ImageSize = imageSize,
        ModelChannels = 128,
        ChannelMult = UNetPresets.ChannelMult(imageSize),
        NumResBlocks = imageSize == 64 ? 4 : 2,
        AttentionResolutions = UNetPresets.Factors(imageSize, 32, 16, 8),
        NumHeadChannels = 64,
    };

    internal override bool HasDecoder => false;
}
