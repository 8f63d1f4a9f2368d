using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The sum.</summary>
public readonly struct SumFold : IFold, IWholeFold
{
    /// <inheritdoc/>
    public static string Name => "sum";

    /// <inheritdoc/>
    public static double Start => 0;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Step<T>(T sofar, T x) where T : unmanaged, ILane<T> => sofar + x;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Merge<T>(T a, T b) where T : unmanaged, ILane<T> => a + b;

    /// <inheritdoc/>
    public static long WholeStart => 0;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long WholeStep(long sofar, long x) => sofar + x;
}
