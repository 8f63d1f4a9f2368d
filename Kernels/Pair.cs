namespace Diffract.Kernels;

/// <summary>A setting with a value for each image axis: a stride, a padding, a kernel's size. An int stands for the
/// same value twice.</summary>
/// <param name="H">Along the height.</param>
/// <param name="W">Along the width.</param>
public readonly record struct Pair(int H, int W)
{
    /// <summary>The same value along both axes.</summary>
    public static implicit operator Pair(int both) => new(both, both);

    /// <summary>Height first.</summary>
    public static implicit operator Pair((int H, int W) values) => new(values.H, values.W);

    /// <summary>"3x3".</summary>
    public override string ToString() => $"{H}x{W}";
}
