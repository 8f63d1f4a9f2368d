namespace Diffract.Kernels;

/// <summary>A <see cref="Conv2dGeometry"/> as a GPU's kernel takes it.</summary>
/// <param name="g">The geometry.</param>
internal readonly struct GpuConv(Conv2dGeometry g)
{
    public readonly int Height = g.Height, Width = g.Width, Channels = g.Channels;
    public readonly int OutHeight = g.OutHeight, OutWidth = g.OutWidth, Filters = g.Filters;
    public readonly int KernelH = g.Kernel.H, KernelW = g.Kernel.W;
    public readonly int StrideH = g.Stride.H, StrideW = g.Stride.W;
    public readonly int PaddingH = g.Padding.H, PaddingW = g.Padding.W;
    public readonly int DilationH = g.Dilation.H, DilationW = g.Dilation.W;
    public readonly int GroupChannels = g.GroupChannels, GroupFilters = g.GroupFilters, Groups = g.Groups;

    /// <summary>Place of a weight.</summary>
    public long Weight(long filter, long channel, long p, long q) =>
        ((filter * GroupChannels + channel) * KernelH + p) * KernelW + q;
}
