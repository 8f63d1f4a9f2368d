using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The largest, NaN when one is.</summary>
public readonly struct MaxFold : IFold, IWholeFold
{
    /// <inheritdoc/>
    public static string Name => "max";

    /// <inheritdoc/>
    public static double Start => double.NegativeInfinity;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Step<T>(T sofar, T x) where T : unmanaged, ILane<T> => T.Max(sofar, x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Merge<T>(T a, T b) where T : unmanaged, ILane<T> => T.Max(a, b);

    /// <inheritdoc/>
    public static long WholeStart => long.MinValue;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long WholeStep(long sofar, long x) => Math.Max(sofar, x);
}
