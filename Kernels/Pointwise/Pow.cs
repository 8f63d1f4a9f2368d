using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>x to a constant power. Small whole powers, the root and the reciprocal are calculated as such; the rest
/// goes through double precision.</summary>
/// <param name="exponent">The power.</param>
public readonly struct Pow(double exponent) : IUnary
{
    /// <inheritdoc/>
    public static string Name => "pow";

    /// <inheritdoc/>
    public static Keep Keeps => Keep.Input;

    /// <inheritdoc/>
    public static bool NeedsSingle => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : unmanaged, ILane<T> => Raise(x, exponent);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Backward<T>(T x, T y, T dy) where T : unmanaged, ILane<T> =>
        exponent == 0 ? T.Of(0) : dy * T.Of(exponent) * Raise(x, exponent - 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Raise<T>(T x, double power) where T : unmanaged, ILane<T> => power switch
    {
        0 => T.Of(1),
        1 => x,
        2 => x * x,
        3 => x * x * x,
        0.5 => T.Sqrt(x),
        -0.5 => T.Of(1) / T.Sqrt(x),
        -1 => T.Of(1) / x,
        -2 => T.Of(1) / (x * x),
        _ => T.Pow(x, power),
    };
}
