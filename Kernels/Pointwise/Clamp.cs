using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>Limits x to [min, max]; the gradient passes where x is inside, bounds included.</summary>
/// <param name="min">Least result; -∞ for none.</param>
/// <param name="max">Largest result; ∞ for none. Where it is below <paramref name="min"/> it wins.</param>
public readonly struct Clamp(double min, double max) : IUnary
{
    /// <inheritdoc/>
    public static string Name => "clamp";

    /// <inheritdoc/>
    public static Keep Keeps => Keep.Input;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : unmanaged, ILane<T> => T.Min(T.Max(x, T.Of(min)), T.Of(max));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Backward<T>(T x, T y, T dy) where T : unmanaged, ILane<T> =>
        T.IfLess(x, T.Of(min), T.Of(0), T.IfLess(T.Of(max), x, T.Of(0), dy));
}
