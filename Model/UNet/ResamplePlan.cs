namespace Diffract.Model;

/// <summary>A change of resolution outside residual blocks, with or without a 3x3 convolution.</summary>
public sealed record ResamplePlan(int Channels, MapSize In, MapSize Out, bool HasConv)
    : LayerPlan(Channels, Channels, In, Out)
{
    /// <inheritdoc/>
    public override string Content => Out.Height < In.Height ? "Down" : "Up";

    /// <inheritdoc/>
    public override long Parameters => HasConv ? 9L * Channels * Channels + Channels : 0;

    /// <inheritdoc/>
    public override long Macs => HasConv ? 9L * Channels * Channels * Out.Count : 0;

    internal override BuiltLayer Build()
    {
        Layer layer = Out.Height < In.Height ? new Downsample(Channels, HasConv) : new Upsample(Channels, HasConv);
        return new(layer, (x, _, _) => layer.Forward(x));
    }
}
