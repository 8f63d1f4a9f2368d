using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The smallest, NaN when one is.</summary>
public readonly struct MinFold : IFold, IWholeFold
{
    /// <inheritdoc/>
    public static string Name => "min";

    /// <inheritdoc/>
    public static double Start => double.PositiveInfinity;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Step<T>(T sofar, T x) where T : unmanaged, ILane<T> => T.Min(sofar, x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Merge<T>(T a, T b) where T : unmanaged, ILane<T> => T.Min(a, b);

    /// <inheritdoc/>
    public static long WholeStart => long.MaxValue;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long WholeStep(long sofar, long x) => Math.Min(sofar, x);
}
