using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The sigmoid linear unit, y = x·σ(x) (Elfwing et al. 2017); also called swish.</summary>
public readonly struct Silu : IUnary
{
    /// <inheritdoc/>
    public static string Name => "silu";

    /// <inheritdoc/>
    public static Keep Keeps => Keep.Input;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : unmanaged, ILane<T> => x * LaneMath.Sigmoid(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Backward<T>(T x, T y, T dy) where T : unmanaged, ILane<T>
    {
        var s = LaneMath.Sigmoid(x);
        return dy * s * T.MultiplyAdd(x, T.Of(1) - s, T.Of(1));
    }
}
