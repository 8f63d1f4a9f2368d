using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>Whether any holds; false of nothing.</summary>
public readonly struct AnyFold : IWholeFold
{
    /// <inheritdoc/>
    public static string Name => "any";

    /// <inheritdoc/>
    public static long WholeStart => 0;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long WholeStep(long sofar, long x) => sofar | x;
}
