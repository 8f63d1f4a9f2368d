using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The sum.</summary>
public readonly struct SumFold : IFold, IWholeFold
{
    /// <inheritdoc/>
    public static string Name => "sum";

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Term<T>(T x) where T : unmanaged, ILane<T> => x;

    /// <inheritdoc/>
    public static long WholeStart => 0;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long WholeStep(long sofar, long x) => sofar + x;
}
