using System.Numerics;

namespace Diffract.Kernels;

/// <summary>The numbers a pointwise formula is written over. One formula then runs as eight floats at a time, as a
/// single float, as a double, and as a dual number that carries the derivative along.</summary>
/// <remarks>Every member of an implementation is inlined: without that a formula costs about half as much again.
/// Branches become <see cref="IfLess"/>, because the elements of one lane may disagree.</remarks>
/// <typeparam name="TSelf">The implementing type.</typeparam>
public interface ILane<TSelf> : IAdditionOperators<TSelf, TSelf, TSelf>, ISubtractionOperators<TSelf, TSelf, TSelf>,
    IMultiplyOperators<TSelf, TSelf, TSelf>, IDivisionOperators<TSelf, TSelf, TSelf>,
    IUnaryNegationOperators<TSelf, TSelf>
    where TSelf : unmanaged, ILane<TSelf>
{
    /// <summary>The same constant in every element.</summary>
    static abstract TSelf Of(double value);

    /// <summary><paramref name="a"/>·<paramref name="b"/> + <paramref name="c"/>, rounded once where the processor can.
    /// </summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>The magnitude.</summary>
    static abstract TSelf Abs(TSelf x);

    /// <summary>The square root; NaN below 0.</summary>
    static abstract TSelf Sqrt(TSelf x);

    /// <summary>The smaller; NaN when either is.</summary>
    static abstract TSelf Min(TSelf a, TSelf b);

    /// <summary>The larger; NaN when either is.</summary>
    static abstract TSelf Max(TSelf a, TSelf b);

    /// <summary>Element by element: <paramref name="then"/> where <paramref name="a"/> &lt; <paramref name="b"/>, else
    /// <paramref name="otherwise"/>. A NaN is not less than anything.</summary>
    static abstract TSelf IfLess(TSelf a, TSelf b, TSelf then, TSelf otherwise);

    /// <summary>e to the power of <paramref name="x"/>.</summary>
    static abstract TSelf Exp(TSelf x);

    /// <summary>The natural logarithm; -∞ at 0, NaN below.</summary>
    static abstract TSelf Log(TSelf x);

    /// <summary>The hyperbolic tangent.</summary>
    static abstract TSelf Tanh(TSelf x);

    /// <summary>The error function, 2/√π ∫₀ˣ exp(-t²) dt.</summary>
    static abstract TSelf Erf(TSelf x);

    /// <summary><paramref name="x"/> to a constant power.</summary>
    static abstract TSelf Pow(TSelf x, double exponent);
}
