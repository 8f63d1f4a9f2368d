using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The logistic function, y = 1/(1+e⁻ˣ).</summary>
public readonly struct Sigmoid : IUnary
{
    /// <inheritdoc/>
    public static string Name => "sigmoid";

    /// <inheritdoc/>
    public static Keep Keeps => Keep.Output;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : unmanaged, ILane<T> => LaneMath.Sigmoid(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Backward<T>(T x, T y, T dy) where T : unmanaged, ILane<T> => dy * y * (T.Of(1) - y);
}
