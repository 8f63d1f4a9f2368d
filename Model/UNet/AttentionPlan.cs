namespace Diffract.Model;

/// <summary>Self-attention over all positions of a map.</summary>
public sealed record AttentionPlan(int Channels, MapSize Size, int Heads, bool NewOrder, int NormGroups = 32)
    : LayerPlan(Channels, Channels, Size, Size)
{
    /// <inheritdoc/>
    public override string Content => "Attn";

    /// <inheritdoc/>
    public override long Parameters => 2L * Channels + 4L * Channels * Channels + 4L * Channels;

    /// <inheritdoc/>
    public override long Macs => 4L * Channels * Channels * Size.Count + ProductMacs;

    /// <summary>The part of <see cref="Macs"/> in the products of queries with keys and of scores with
    /// values.</summary>
    public long ProductMacs => 2L * Size.Count * Size.Count * Channels;

    internal override BuiltLayer Build()
    {
        var block = new AttentionBlock(Channels, Heads, NewOrder, NormGroups);
        return new(block, (x, _, _) => block.Forward(x));
    }
}
