namespace Diffract.Kernels;

/// <summary>The sizes as attention's kernels on tensor cores take them, in numbers.</summary>
internal readonly struct FlashSizes(QkvAttentionArgs a)
{
    /// <summary>Tokens of a sample.</summary>
    public readonly int Tokens = a.Tokens;

    /// <summary>Heads.</summary>
    public readonly int Heads = a.Heads;

    /// <summary>Channels of all heads together.</summary>
    public readonly int Channels = a.Channels;

    /// <summary>From one head's queries to the next one's.</summary>
    public readonly int HeadStep = a.Order == QkvOrder.Legacy ? 3 * a.Width : a.Width;

    /// <summary>From a head's queries to its keys, and from these to its values.</summary>
    public readonly int PartStep = a.Order == QkvOrder.Legacy ? a.Width : a.Channels;

    /// <summary>What products of queries and keys are multiplied by.</summary>
    public readonly float Scale = (float)(a.Scale * a.Scale);

    /// <summary>The same for powers of two instead of powers of e.</summary>
    public readonly float Exponent = (float)(a.Scale * a.Scale * Math.Log2(Math.E));
}
