using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>y = -x.</summary>
public readonly struct Neg : IUnary
{
    /// <inheritdoc/>
    public static string Name => "neg";

    /// <inheritdoc/>
    public static Keep Keeps => Keep.None;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : unmanaged, ILane<T> => -x;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Backward<T>(T x, T y, T dy) where T : unmanaged, ILane<T> => -dy;
}
