using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>Four floats: half a <see cref="WideLane"/>, with the same bits. Formulas run on it where there is no
/// 256-bit arithmetic. The runtime would make halves of a wide lane there, but then a long formula is more than it
/// inlines into one method, and what it leaves over makes the formula many times slower.</summary>
/// <param name="value">The four numbers.</param>
public readonly unsafe struct NarrowLane(Vector128<float> value)
    : IFloatLane<NarrowLane>, ILaneMemory<NarrowLane, float>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    // Bits of √½, the least mantissa that Split returns.
    private const int SqrtHalf = 0x3F3504F3;

    /// <summary>The four numbers.</summary>
    public readonly Vector128<float> Value = value;

    /// <inheritdoc/>
    public static int Width
    {
        [MethodImpl(Inline)]
        get => Vector128<float>.Count;
    }

    /// <summary>Wraps four numbers.</summary>
    [MethodImpl(Inline)] public static implicit operator NarrowLane(Vector128<float> value) => new(value);

    /// <summary>Unwraps the four numbers.</summary>
    [MethodImpl(Inline)] public static implicit operator Vector128<float>(NarrowLane lane) => lane.Value;

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static NarrowLane Load(float* source) => new(Vector128.Load(source));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static NarrowLane Repeat(float* source) => new(Vector128.Create(*source));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static void Store(float* target, NarrowLane value) => value.Value.Store(target);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static NarrowLane Of(double value) => new(Vector128.Create((float)value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static NarrowLane operator +(NarrowLane a, NarrowLane b) => new(a.Value + b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static NarrowLane operator -(NarrowLane a, NarrowLane b) => new(a.Value - b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static NarrowLane operator *(NarrowLane a, NarrowLane b) => new(a.Value * b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static NarrowLane operator /(NarrowLane a, NarrowLane b) => new(a.Value / b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static NarrowLane operator -(NarrowLane a) => new(-a.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static NarrowLane MultiplyAdd(NarrowLane a, NarrowLane b, NarrowLane c) =>
        new(Vector128.MultiplyAddEstimate(a.Value, b.Value, c.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static NarrowLane Abs(NarrowLane x) => new(Vector128.Abs(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static NarrowLane Sqrt(NarrowLane x) => new(Vector128.Sqrt(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static NarrowLane Min(NarrowLane a, NarrowLane b) => new(Vector128.Min(a.Value, b.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static NarrowLane Max(NarrowLane a, NarrowLane b) => new(Vector128.Max(a.Value, b.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static NarrowLane IfLess(NarrowLane a, NarrowLane b, NarrowLane then, NarrowLane otherwise) =>
        new(Vector128.ConditionalSelect(Vector128.LessThan(a.Value, b.Value), then.Value, otherwise.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static NarrowLane Exp(NarrowLane x) => LaneMath.Exp(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static NarrowLane Log(NarrowLane x) => LaneMath.Log(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static NarrowLane Tanh(NarrowLane x) => LaneMath.Tanh(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static NarrowLane Erf(NarrowLane x) => LaneMath.Erf(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static NarrowLane Pow(NarrowLane x, double exponent)
    {
        // Accurate and slow: exp(p·log x) in floats would lose as many bits as the result has before its point.
        var result = x.Value;
        for (var i = 0; i < Vector128<float>.Count; i++)
            result = result.WithElement(i, (float)Math.Pow(x.Value.GetElement(i), exponent));
        return new(result);
    }

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static NarrowLane Round(NarrowLane x) => new(Vector128.Round(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static NarrowLane PowerOfTwo(NarrowLane n) =>
        new(((Vector128.ConvertToInt32Native(n.Value) + Vector128.Create(127)) << 23).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static NarrowLane AtMost(NarrowLane bound, NarrowLane x) => new(Vector128.MinNative(bound.Value, x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static NarrowLane AtLeast(NarrowLane bound, NarrowLane x) => new(Vector128.MaxNative(bound.Value, x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static NarrowLane Split(NarrowLane x, out NarrowLane exponent)
    {
        var bits = x.Value.AsInt32();
        var e = (bits - Vector128.Create(SqrtHalf)) >> 23;
        exponent = new(Vector128.ConvertToSingle(e));
        return new((bits - (e << 23)).AsSingle());
    }

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static NarrowLane CopySign(NarrowLane magnitude, NarrowLane sign) =>
        new(Vector128.CopySign(magnitude.Value, sign.Value));
}
