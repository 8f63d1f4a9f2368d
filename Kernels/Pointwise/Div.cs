using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>y = a/b; its right derivative is -a/b² = -y/b.</summary>
public readonly struct Div : IBinary
{
    /// <inheritdoc/>
    public static string Name => "div";

    /// <inheritdoc/>
    public static Keep LeftKeeps => Keep.Other;

    /// <inheritdoc/>
    public static Keep RightKeeps => Keep.Other | Keep.Output;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T a, T b) where T : unmanaged, ILane<T> => a / b;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T BackwardLeft<T>(T a, T b, T y, T dy) where T : unmanaged, ILane<T> => dy / b;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T BackwardRight<T>(T a, T b, T y, T dy) where T : unmanaged, ILane<T> => -dy * y / b;
}
