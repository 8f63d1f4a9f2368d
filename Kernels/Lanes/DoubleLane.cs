using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>One double: the reference that the float lanes are compared with.</summary>
/// <param name="value">The number.</param>
public readonly unsafe struct DoubleLane(double value) : ILane<DoubleLane>, ILaneMemory<DoubleLane, double>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>The number.</summary>
    public readonly double Value = value;

    /// <inheritdoc/>
    public static int Width
    {
        [MethodImpl(Inline)]
        get => 1;
    }

    /// <summary>Wraps a number.</summary>
    [MethodImpl(Inline)] public static implicit operator DoubleLane(double value) => new(value);

    /// <summary>Unwraps the number.</summary>
    [MethodImpl(Inline)] public static implicit operator double(DoubleLane lane) => lane.Value;

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DoubleLane Load(double* source) => new(*source);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DoubleLane Repeat(double* source) => new(*source);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static void Store(double* target, DoubleLane value) => *target = value.Value;

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DoubleLane Of(double value) => new(value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DoubleLane operator +(DoubleLane a, DoubleLane b) => new(a.Value + b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DoubleLane operator -(DoubleLane a, DoubleLane b) => new(a.Value - b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DoubleLane operator *(DoubleLane a, DoubleLane b) => new(a.Value * b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DoubleLane operator /(DoubleLane a, DoubleLane b) => new(a.Value / b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DoubleLane operator -(DoubleLane a) => new(-a.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static DoubleLane MultiplyAdd(DoubleLane a, DoubleLane b, DoubleLane c) =>
        new((a.Value * b.Value) + c.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DoubleLane Abs(DoubleLane x) => new(Math.Abs(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DoubleLane Sqrt(DoubleLane x) => new(Math.Sqrt(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DoubleLane Min(DoubleLane a, DoubleLane b) => new(Math.Min(a.Value, b.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DoubleLane Max(DoubleLane a, DoubleLane b) => new(Math.Max(a.Value, b.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static DoubleLane IfLess(DoubleLane a, DoubleLane b, DoubleLane then, DoubleLane otherwise) =>
        a.Value < b.Value ? then : otherwise;

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DoubleLane Exp(DoubleLane x) => new(Math.Exp(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DoubleLane Log(DoubleLane x) => new(Math.Log(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DoubleLane Tanh(DoubleLane x) => new(Math.Tanh(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static DoubleLane Erf(DoubleLane x) => new(ErrorFunction.Of(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static DoubleLane Pow(DoubleLane x, double exponent) => new(Math.Pow(x.Value, exponent));
}
