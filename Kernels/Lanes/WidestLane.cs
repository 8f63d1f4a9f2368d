using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>Sixteen floats: two of a <see cref="WideLane"/>, with the same bits. The passes with an exponential run on
/// it where there is 512-bit arithmetic.</summary>
/// <param name="value">The sixteen numbers.</param>
public readonly unsafe struct WidestLane(Vector512<float> value)
    : IFloatLane<WidestLane>, ILaneMemory<WidestLane, float>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    // Bits of √½, the least mantissa that Split returns.
    private const int SqrtHalf = 0x3F3504F3;

    /// <summary>The sixteen numbers.</summary>
    public readonly Vector512<float> Value = value;

    /// <inheritdoc/>
    public static int Width
    {
        [MethodImpl(Inline)]
        get => Vector512<float>.Count;
    }

    /// <summary>Wraps sixteen numbers.</summary>
    [MethodImpl(Inline)] public static implicit operator WidestLane(Vector512<float> value) => new(value);

    /// <summary>Unwraps the sixteen numbers.</summary>
    [MethodImpl(Inline)] public static implicit operator Vector512<float>(WidestLane lane) => lane.Value;

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WidestLane Load(float* source) => new(Vector512.Load(source));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WidestLane Repeat(float* source) => new(Vector512.Create(*source));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static void Store(float* target, WidestLane value) => value.Value.Store(target);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WidestLane Of(double value) => new(Vector512.Create((float)value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WidestLane operator +(WidestLane a, WidestLane b) => new(a.Value + b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WidestLane operator -(WidestLane a, WidestLane b) => new(a.Value - b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WidestLane operator *(WidestLane a, WidestLane b) => new(a.Value * b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WidestLane operator /(WidestLane a, WidestLane b) => new(a.Value / b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WidestLane operator -(WidestLane a) => new(-a.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static WidestLane MultiplyAdd(WidestLane a, WidestLane b, WidestLane c) =>
        new(Vector512.MultiplyAddEstimate(a.Value, b.Value, c.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WidestLane Abs(WidestLane x) => new(Vector512.Abs(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WidestLane Sqrt(WidestLane x) => new(Vector512.Sqrt(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static WidestLane Min(WidestLane a, WidestLane b) => new(Vector512.Min(a.Value, b.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static WidestLane Max(WidestLane a, WidestLane b) => new(Vector512.Max(a.Value, b.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static WidestLane IfLess(WidestLane a, WidestLane b, WidestLane then, WidestLane otherwise) =>
        new(Vector512.ConditionalSelect(Vector512.LessThan(a.Value, b.Value), then.Value, otherwise.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WidestLane Exp(WidestLane x) => LaneMath.Exp(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WidestLane Log(WidestLane x) => LaneMath.Log(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WidestLane Tanh(WidestLane x) => LaneMath.Tanh(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WidestLane Erf(WidestLane x) => LaneMath.Erf(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static WidestLane Pow(WidestLane x, double exponent)
    {
        // Accurate and slow: exp(p·log x) in floats would lose as many bits as the result has before its point.
        var result = x.Value;
        for (var i = 0; i < Vector512<float>.Count; i++)
            result = result.WithElement(i, (float)Math.Pow(x.Value.GetElement(i), exponent));
        return new(result);
    }

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WidestLane Round(WidestLane x) => new(Vector512.Round(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static WidestLane PowerOfTwo(WidestLane n) =>
        new(((Vector512.ConvertToInt32Native(n.Value) + Vector512.Create(127)) << 23).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static WidestLane AtMost(WidestLane bound, WidestLane x) => new(Vector512.MinNative(bound.Value, x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static WidestLane AtLeast(WidestLane bound, WidestLane x) => new(Vector512.MaxNative(bound.Value, x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static WidestLane Split(WidestLane x, out WidestLane exponent)
    {
        var bits = x.Value.AsInt32();
        var e = (bits - Vector512.Create(SqrtHalf)) >> 23;
        exponent = new(Vector512.ConvertToSingle(e));
        return new((bits - (e << 23)).AsSingle());
    }

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static WidestLane CopySign(WidestLane magnitude, WidestLane sign) =>
        new(Vector512.CopySign(magnitude.Value, sign.Value));
}
