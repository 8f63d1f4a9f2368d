using Diffract.Engine;

namespace Diffract.Model;

/// <summary>What a checkpoint's names and shapes do not tell about its network. Everything left out is taken from the
/// published network that the checkpoint matches, or assumed and reported.</summary>
public sealed record NetworkOptions
{
    /// <summary>The whole architecture; nothing is detected when it is given.</summary>
    public TrunkConfig? Config { get; init; }

    /// <summary>Height and width of the images the network was made for.</summary>
    public int? ImageSize { get; init; }

    /// <summary>Channels of one attention head.</summary>
    public int? NumHeadChannels { get; init; }

    /// <summary>Number of attention heads, for networks without <see cref="NumHeadChannels"/>.</summary>
    public int? NumHeads { get; init; }

    /// <summary>Number of attention heads in the decoder.</summary>
    public int? NumHeadsUpsample { get; init; }

    /// <summary>Order of the attention's channels.</summary>
    public bool? UseNewAttentionOrder { get; init; }

    /// <summary>Residual blocks of a level, where the blocks fit several numbers.</summary>
    public int? NumResBlocks { get; init; }

    /// <summary>Dropout, which only training notices.</summary>
    public double? Dropout { get; init; }

    /// <summary>What the weights may take of the CPU's memory.</summary>
    public MemoryMode Memory { get; init; }

    /// <summary>Where the network is to be; the CPU when left out.</summary>
    public Device? Device { get; init; }

    /// <summary>False to load a network frozen and in evaluation mode, true to load it for training.</summary>
    public bool Trainable { get; init; }
}
