using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>y = max(x, 0); the gradient at 0 is 0.</summary>
public readonly struct Relu : IUnary
{
    /// <inheritdoc/>
    public static string Name => "relu";

    /// <inheritdoc/>
    public static Keep Keeps => Keep.Output;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : unmanaged, ILane<T> => T.Max(x, T.Of(0));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Backward<T>(T x, T y, T dy) where T : unmanaged, ILane<T> => T.IfLess(T.Of(0), y, dy, T.Of(0));
}
