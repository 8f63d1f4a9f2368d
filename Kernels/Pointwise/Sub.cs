using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>y = a - b.</summary>
public readonly struct Sub : IBinary, IWholeBinary
{
    /// <inheritdoc/>
    public static string Name => "sub";

    /// <inheritdoc/>
    public static Keep LeftKeeps => Keep.None;

    /// <inheritdoc/>
    public static Keep RightKeeps => Keep.None;

    /// <inheritdoc/>
    public static bool LeftIsDy => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T a, T b) where T : unmanaged, ILane<T> => a - b;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T BackwardLeft<T>(T a, T b, T y, T dy) where T : unmanaged, ILane<T> => dy;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T BackwardRight<T>(T a, T b, T y, T dy) where T : unmanaged, ILane<T> => -dy;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Whole<T>(T a, T b) where T : unmanaged, IBinaryInteger<T> => a - b;
}
