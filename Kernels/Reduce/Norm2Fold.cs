using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The root of the sum of squares.</summary>
public readonly struct Norm2Fold : IFold
{
    /// <inheritdoc/>
    public static string Name => "norm2";

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Term<T>(T x) where T : unmanaged, ILane<T> => x * x;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Finish(double sum) => Math.Sqrt(sum);
}
