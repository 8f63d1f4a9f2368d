namespace Diffract.Model;

/// <summary>A residual block, which may change the resolution.</summary>
public sealed record ResPlan(int InChannels, int OutChannels, MapSize In, MapSize Out, int EmbeddingChannels,
    bool ScaleShift, double Dropout, SkipKind Skip = SkipKind.Auto, int NormGroups = 32)
    : LayerPlan(InChannels, OutChannels, In, Out)
{
    /// <summary>What happens to the resolution.</summary>
    public Resampling Resampling => Out == In ? Resampling.None
        : Out.Height < In.Height ? Resampling.Down : Resampling.Up;

    /// <summary>Kernel of the convolution on the shortcut: 0 for none, else 1 or 3.</summary>
    public int SkipKernel => InChannels == OutChannels ? 0 : Skip == SkipKind.Conv3x3 ? 3 : 1;

    /// <inheritdoc/>
    public override string Content => Resampling switch
    {
        Resampling.Down => "Res(down)",
        Resampling.Up => "Res(up)",
        _ => "Res",
    };

    /// <inheritdoc/>
    public override long Parameters => 2L * InChannels + 2L * OutChannels + OutChannels + OutChannels
        + 9L * OutChannels * (InChannels + OutChannels) + EmbeddingOut * (EmbeddingChannels + 1)
        + (SkipKernel == 0 ? 0 : SkipMacsPerPosition + OutChannels);

    /// <inheritdoc/>
    public override long Macs => Out.Count * (9L * OutChannels * (InChannels + OutChannels) + SkipMacsPerPosition)
        + EmbeddingOut * EmbeddingChannels;

    private long EmbeddingOut => ScaleShift ? 2L * OutChannels : OutChannels;

    private long SkipMacsPerPosition => (long)SkipKernel * SkipKernel * InChannels * OutChannels;

    internal override BuiltLayer Build()
    {
        var block = new ResBlock(this);
        return new(block, block.ForwardActivated);
    }
}
