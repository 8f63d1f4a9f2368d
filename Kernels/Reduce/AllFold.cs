using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>Whether all hold; true of nothing.</summary>
public readonly struct AllFold : IWholeFold
{
    /// <inheritdoc/>
    public static string Name => "all";

    /// <inheritdoc/>
    public static long WholeStart => 1;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long WholeStep(long sofar, long x) => sofar & x;
}
