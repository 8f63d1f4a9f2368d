using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The root of the sum of squares.</summary>
public readonly struct Norm2Fold : IFold
{
    /// <inheritdoc/>
    public static string Name => "norm2";

    /// <inheritdoc/>
    public static double Start => 0;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Step<T>(T sofar, T x) where T : unmanaged, ILane<T> => T.MultiplyAdd(x, x, sofar);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Merge<T>(T a, T b) where T : unmanaged, ILane<T> => a + b;

    /// <inheritdoc/>
    public static double Finish(double whole) => Math.Sqrt(whole);
}
