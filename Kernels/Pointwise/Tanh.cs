using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The hyperbolic tangent; its derivative is 1 - y².</summary>
public readonly struct Tanh : IUnary
{
    /// <inheritdoc/>
    public static string Name => "tanh";

    /// <inheritdoc/>
    public static Keep Keeps => Keep.Output;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : unmanaged, ILane<T> => T.Tanh(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Backward<T>(T x, T y, T dy) where T : unmanaged, ILane<T> => dy * (T.Of(1) - (y * y));
}
