using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>A dual number a + bε with ε² = 0: run through a formula, b becomes the formula's derivative, exact to
/// rounding and without a step size. It proves that Backward is the derivative of Forward.</summary>
/// <param name="value">The number.</param>
/// <param name="slope">Its derivative.</param>
public readonly struct DualLane(double value, double slope) : ILane<DualLane>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>The number.</summary>
    public readonly double Value = value;

    /// <summary>Its derivative.</summary>
    public readonly double Slope = slope;

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DualLane Of(double value) => new(value, 0);

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static DualLane operator +(DualLane a, DualLane b) => new(a.Value + b.Value, a.Slope + b.Slope);

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static DualLane operator -(DualLane a, DualLane b) => new(a.Value - b.Value, a.Slope - b.Slope);

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static DualLane operator *(DualLane a, DualLane b) =>
        new(a.Value * b.Value, (a.Slope * b.Value) + (a.Value * b.Slope));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static DualLane operator /(DualLane a, DualLane b) =>
        new(a.Value / b.Value, (a.Slope - (a.Value / b.Value * b.Slope)) / b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DualLane operator -(DualLane a) => new(-a.Value, -a.Slope);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DualLane MultiplyAdd(DualLane a, DualLane b, DualLane c) => (a * b) + c;

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DualLane Abs(DualLane x) => x.Value < 0 ? -x : x;

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static DualLane Sqrt(DualLane x) => new(Math.Sqrt(x.Value), x.Slope / (2 * Math.Sqrt(x.Value)));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DualLane Min(DualLane a, DualLane b) => b.Value < a.Value ? b : a;

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DualLane Max(DualLane a, DualLane b) => a.Value < b.Value ? b : a;

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static DualLane IfLess(DualLane a, DualLane b, DualLane then, DualLane otherwise) =>
        a.Value < b.Value ? then : otherwise;

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static DualLane Exp(DualLane x) => new(Math.Exp(x.Value), x.Slope * Math.Exp(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DualLane Log(DualLane x) => new(Math.Log(x.Value), x.Slope / x.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static DualLane Tanh(DualLane x) =>
        new(Math.Tanh(x.Value), x.Slope / (Math.Cosh(x.Value) * Math.Cosh(x.Value)));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static DualLane Erf(DualLane x) =>
        new(ErrorFunction.Of(x.Value), x.Slope * ErrorFunction.Slope(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static DualLane Pow(DualLane x, double exponent) =>
        new(Math.Pow(x.Value, exponent), x.Slope * exponent * Math.Pow(x.Value, exponent - 1));
}
