using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>A formula of two numbers whose right operand is a constant: x + 2, x / 3.</summary>
/// <typeparam name="TFormula">The formula.</typeparam>
/// <param name="constant">The right operand.</param>
public readonly struct WithRight<TFormula>(double constant) : IUnary where TFormula : struct, IBinary
{
    /// <inheritdoc/>
    public static string Name => TFormula.Name;

    /// <inheritdoc/>
    public static Keep Keeps => TFormula.LeftKeeps & ~Keep.Other;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : unmanaged, ILane<T> => default(TFormula).Forward(x, T.Of(constant));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Backward<T>(T x, T y, T dy) where T : unmanaged, ILane<T> =>
        default(TFormula).BackwardLeft(x, T.Of(constant), y, dy);
}
