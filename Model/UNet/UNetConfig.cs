namespace Diffract.Model;

/// <summary>A diffusion U-Net's architecture. The presets of published networks are in <see cref="UNetPresets"/>.
/// </summary>
public sealed record UNetConfig : TrunkConfig
{
    /// <summary>Channels of the output: 3 for the noise alone, 6 with learnt variances.</summary>
    public int OutChannels { get; init; } = 6;

    /// <summary>Number of class labels; null for a network without labels.</summary>
    public int? NumClasses { get; init; }

    /// <summary>Attention heads of the decoder, where <see cref="TrunkConfig.NumHeadChannels"/> is null; null for as
    /// many as in the encoder.</summary>
    public int? NumHeadsUpsample { get; init; }

    internal override bool HasDecoder => true;

    internal override int? Classes => NumClasses;

    internal override int HeadsUpsample => NumHeadsUpsample ?? NumHeads;
}
