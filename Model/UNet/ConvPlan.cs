namespace Diffract.Model;

/// <summary>A plain 3x3 convolution: the network's first layer.</summary>
public sealed record ConvPlan(int InChannels, int OutChannels, MapSize In) : LayerPlan(InChannels, OutChannels, In, In)
{
    /// <inheritdoc/>
    public override string Content => "Conv 3x3";

    /// <inheritdoc/>
    public override long Parameters => 9L * InChannels * OutChannels + OutChannels;

    /// <inheritdoc/>
    public override long Macs => 9L * InChannels * OutChannels * Out.Count;

    internal override BuiltLayer Build()
    {
        var conv = new Conv2d(InChannels, OutChannels, 3, padding: 1) { FeedsNorm = true };
        return new(conv, (x, _, _) => conv.Forward(x));
    }
}
