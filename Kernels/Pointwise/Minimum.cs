using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The smaller of two numbers, NaN when either is; a tie shares the gradient.</summary>
public readonly struct Minimum : IBinary, IWholeBinary
{
    /// <inheritdoc/>
    public static string Name => "minimum";

    /// <inheritdoc/>
    public static Keep LeftKeeps => Keep.Input | Keep.Other;

    /// <inheritdoc/>
    public static Keep RightKeeps => Keep.Input | Keep.Other;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T a, T b) where T : unmanaged, ILane<T> => T.Min(a, b);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T BackwardLeft<T>(T a, T b, T y, T dy) where T : unmanaged, ILane<T> =>
        T.IfLess(b, a, T.Of(0), T.IfLess(a, b, dy, dy * T.Of(0.5)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T BackwardRight<T>(T a, T b, T y, T dy) where T : unmanaged, ILane<T> =>
        T.IfLess(a, b, T.Of(0), T.IfLess(b, a, dy, dy * T.Of(0.5)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Whole<T>(T a, T b) where T : unmanaged, IBinaryInteger<T> => T.Min(a, b);
}
