using System.Text.Json;
using System.Text.Json.Serialization;

namespace Diffract.Model;

/// <summary>What the U-Net and its encoder half have in common (Dhariwal and Nichol 2021, "Diffusion models beat GANs
/// on image synthesis"). A value: compared by content, written to recipes.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "network")]
[JsonDerivedType(typeof(UNetConfig), "unet")]
[JsonDerivedType(typeof(EncoderUNetConfig), "encoder")]
public abstract record TrunkConfig
{
    /// <summary>Height and width of the images the network was made for, in pixels. Others work too, if they are
    /// multiples of <see cref="Factor"/>; only the attention pool of a classifier is tied to it.</summary>
    public int ImageSize { get; init; } = 256;

    /// <summary>Channels of the input.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels that <see cref="ChannelMult"/> multiplies; the time embedding has four times as
    /// many.</summary>
    public int ModelChannels { get; init; } = 256;

    /// <summary>Channels of each level, in <see cref="ModelChannels"/>. May be fractions (0.5 in the 512 x 512
    /// network).</summary>
    public IReadOnlyList<double> ChannelMult { get; init; } = [1, 1, 2, 2, 4, 4];

    /// <summary>Residual blocks of a level in the encoder; the decoder has one more.</summary>
    public int NumResBlocks { get; init; } = 2;

    /// <summary>Down-sampling factors (1, 2, 4…) at which residual blocks are followed by attention.</summary>
    public IReadOnlyList<int> AttentionResolutions { get; init; } = [8, 16, 32];

    /// <summary>Attention heads, where <see cref="NumHeadChannels"/> is null.</summary>
    public int NumHeads { get; init; } = 1;

    /// <summary>Channels of one attention head; null to divide by a number of heads instead.</summary>
    public int? NumHeadChannels { get; init; }

    /// <summary>Groups of channels whose mean and variance each group normalisation removes: 32 in the published
    /// networks. A small network needs fewer. Where a group is a single channel, normalisation takes the mean of every
    /// channel away, the one before the output too, so that the network cannot say how bright and of what colour an
    /// image is. Files from before there was a choice do not say it.</summary>
    public int NormGroups { get; init => field = value == 0 ? 32 : value; } = 32;

    /// <summary>True to modulate with the embedding's scale and shift, false to add it.</summary>
    public bool UseScaleShiftNorm { get; init; } = true;

    /// <summary>True to change the resolution inside residual blocks, false to do so in layers of their own.</summary>
    public bool ResblockUpdown { get; init; } = true;

    /// <summary>Whether resolution layers of their own (<see cref="ResblockUpdown"/> false) have a
    /// convolution.</summary>
    public bool ConvResample { get; init; } = true;

    /// <summary>Order of the attention's channels: false for head by head (q, k, v), true for all q, all k, all v.
    /// </summary>
    public bool UseNewAttentionOrder { get; init; }

    /// <summary>Dropout inside residual blocks while training.</summary>
    public double Dropout { get; init; }

    /// <summary>Down-sampling factor of the deepest level: heights and widths must be its multiples.</summary>
    [JsonIgnore]
    public int Factor => 1 << (ChannelMult.Count - 1);

    /// <summary>Channels of a level, counted from 0 at the full resolution; fractions are cut off.</summary>
    public int ChannelsAt(int level) => (int)(ChannelMult[level] * ModelChannels);

    /// <summary>The architecture as JSON, for recipes and file metadata.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ConfigJson.Default.TrunkConfig);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="JsonException">The text is no architecture.</exception>
    public static TrunkConfig FromJson(string json) =>
        JsonSerializer.Deserialize(json, ConfigJson.Default.TrunkConfig) ?? throw new JsonException("no architecture");

    internal abstract bool HasDecoder { get; }

    internal virtual int? Classes => null;

    internal virtual int HeadsUpsample => NumHeads;

    /// <summary>Compares by content, lists included.</summary>
    public virtual bool Equals(TrunkConfig? other) => other is not null && EqualityContract == other.EqualityContract
        && (ImageSize, InChannels, ModelChannels, NumResBlocks, NormGroups) ==
            (other.ImageSize, other.InChannels, other.ModelChannels, other.NumResBlocks, other.NormGroups)
        && (NumHeads, NumHeadChannels, UseNewAttentionOrder, Dropout) ==
            (other.NumHeads, other.NumHeadChannels, other.UseNewAttentionOrder, other.Dropout)
        && (UseScaleShiftNorm, ResblockUpdown, ConvResample) ==
            (other.UseScaleShiftNorm, other.ResblockUpdown, other.ConvResample)
        && ChannelMult.SequenceEqual(other.ChannelMult)
        && AttentionResolutions.Order().SequenceEqual(other.AttentionResolutions.Order());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(EqualityContract, ImageSize, ModelChannels, NumResBlocks,
        ChannelMult.Count, NumHeads, NumHeadChannels, UseNewAttentionOrder);

    internal void Validate()
    {
        Require(ImageSize > 0 && InChannels > 0 && ModelChannels > 0, "sizes and channels must be positive");
        Require(ChannelMult.Count is > 0 and < 16, "ChannelMult needs between 1 and 15 levels");
        Require(NumResBlocks > 0, "NumResBlocks must be positive");
        Require(Dropout is >= 0 and < 1, "Dropout must be in 0 <= p < 1");
        Require(NumHeadChannels is null or > 0 && NumHeads > 0 && HeadsUpsample > 0, "heads must be positive");
        Require(NormGroups > 0, "NormGroups must be positive");
        for (var level = 0; level < ChannelMult.Count; level++)
            Require(ChannelsAt(level) > 0 && ChannelsAt(level) % NormGroups == 0, $"level {level} has "
                + $"{ChannelsAt(level)} channels; group normalisation needs a multiple of {NormGroups}");
        foreach (var factor in AttentionResolutions)
            Require(factor > 0 && (factor & (factor - 1)) == 0, "AttentionResolutions are down-sampling factors "
                + $"(1, 2, 4…), found {factor}");
    }

    internal int Heads(int channels, bool decoder)
    {
        var heads = NumHeadChannels is { } width ? channels / width : decoder ? HeadsUpsample : NumHeads;
        var parts = NumHeadChannels is { } each ? $"heads of {each}" : $"{heads} heads";
        Require(heads > 0 && channels % heads == 0 && channels % (NumHeadChannels ?? heads) == 0,
            $"{channels} channels cannot be divided into {parts}");
        return heads;
    }

    private protected static void Require(bool condition, string message)
    {
        if (!condition) throw new ArgumentException($"network configuration: {message}");
    }
}
