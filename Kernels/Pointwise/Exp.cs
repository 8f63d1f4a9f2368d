using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>e to the power of x.</summary>
public readonly struct Exp : IUnary
{
    /// <inheritdoc/>
    public static string Name => "exp";

    /// <inheritdoc/>
    public static Keep Keeps => Keep.Output;

    /// <inheritdoc/>
    public static bool NeedsSingle => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : unmanaged, ILane<T> => T.Exp(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Backward<T>(T x, T y, T dy) where T : unmanaged, ILane<T> => dy * y;
}
