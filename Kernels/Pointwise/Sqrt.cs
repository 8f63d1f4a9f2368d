using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The square root; the gradient at 0 is infinite.</summary>
public readonly struct Sqrt : IUnary
{
    /// <inheritdoc/>
    public static string Name => "sqrt";

    /// <inheritdoc/>
    public static Keep Keeps => Keep.Output;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : unmanaged, ILane<T> => T.Sqrt(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Backward<T>(T x, T y, T dy) where T : unmanaged, ILane<T> => dy * T.Of(0.5) / y;
}
