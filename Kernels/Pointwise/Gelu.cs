using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The exact Gaussian error linear unit, y = x·Φ(x) with Φ the normal distribution function (Hendrycks and
/// Gimpel 2016); not the tanh approximation.</summary>
public readonly struct Gelu : IUnary
{
    private const double RootOfHalf = 0.70710678118654752;
    private const double OneOverRootOfTwoPi = 0.39894228040143268;

    /// <inheritdoc/>
    public static string Name => "gelu";

    /// <inheritdoc/>
    public static Keep Keeps => Keep.Input;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : unmanaged, ILane<T> => x * Phi(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Backward<T>(T x, T y, T dy) where T : unmanaged, ILane<T>
    {
        var density = T.Exp(x * x * T.Of(-0.5)) * T.Of(OneOverRootOfTwoPi);
        return dy * T.MultiplyAdd(x, density, Phi(x));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Phi<T>(T x) where T : unmanaged, ILane<T> =>
        T.MultiplyAdd(T.Erf(x * T.Of(RootOfHalf)), T.Of(0.5), T.Of(0.5));
}
