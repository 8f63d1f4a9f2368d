using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The sum of squares.</summary>
public readonly struct SquaresFold : IFold
{
    /// <inheritdoc/>
    public static string Name => "squares";

    /// <inheritdoc/>
    public static double Start => 0;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Step<T>(T sofar, T x) where T : unmanaged, ILane<T> => T.MultiplyAdd(x, x, sofar);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Merge<T>(T a, T b) where T : unmanaged, ILane<T> => a + b;
}
