using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>A formula of two numbers whose left operand is a constant: 1 - x, 1 / x.</summary>
/// <typeparam name="TFormula">The formula.</typeparam>
/// <param name="constant">The left operand.</param>
public readonly struct WithLeft<TFormula>(double constant) : IUnary where TFormula : struct, IBinary
{
    /// <inheritdoc/>
    public static string Name => TFormula.Name;

    /// <inheritdoc/>
    public static Keep Keeps =>
        ((TFormula.RightKeeps & Keep.Other) != 0 ? Keep.Input : Keep.None) | (TFormula.RightKeeps & Keep.Output);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : unmanaged, ILane<T> => default(TFormula).Forward(T.Of(constant), x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Backward<T>(T x, T y, T dy) where T : unmanaged, ILane<T> =>
        default(TFormula).BackwardRight(T.Of(constant), x, y, dy);
}
