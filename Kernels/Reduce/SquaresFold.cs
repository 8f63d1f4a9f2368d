using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The sum of squares.</summary>
public readonly struct SquaresFold : IFold
{
    /// <inheritdoc/>
    public static string Name => "squares";

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Term<T>(T x) where T : unmanaged, ILane<T> => x * x;
}
