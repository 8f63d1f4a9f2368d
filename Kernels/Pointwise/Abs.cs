using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The magnitude; the gradient at 0 is 0.</summary>
public readonly struct Abs : IUnary
{
    /// <inheritdoc/>
    public static string Name => "abs";

    /// <inheritdoc/>
    public static Keep Keeps => Keep.Input;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : unmanaged, ILane<T> => T.Abs(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Backward<T>(T x, T y, T dy) where T : unmanaged, ILane<T> =>
        T.IfLess(x, T.Of(0), -dy, T.IfLess(T.Of(0), x, dy, T.Of(0)));
}
