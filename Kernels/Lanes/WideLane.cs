using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>Eight floats: the CPU's working lane. The runtime makes two halves of it where there is no 256-bit
/// arithmetic.</summary>
/// <param name="value">The eight numbers.</param>
public readonly unsafe struct WideLane(Vector256<float> value) : IFloatLane<WideLane>, ILaneMemory<WideLane, float>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    // Bits of √½, the least mantissa that Split returns.
    private const int SqrtHalf = 0x3F3504F3;

    /// <summary>The eight numbers.</summary>
    public readonly Vector256<float> Value = value;

    /// <inheritdoc/>
    public static int Width
    {
        [MethodImpl(Inline)]
        get => Vector256<float>.Count;
    }

    /// <summary>Wraps eight numbers.</summary>
    [MethodImpl(Inline)] public static implicit operator WideLane(Vector256<float> value) => new(value);

    /// <summary>Unwraps the eight numbers.</summary>
    [MethodImpl(Inline)] public static implicit operator Vector256<float>(WideLane lane) => lane.Value;

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WideLane Load(float* source) => new(Vector256.Load(source));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WideLane Repeat(float* source) => new(Vector256.Create(*source));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static void Store(float* target, WideLane value) => value.Value.Store(target);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WideLane Of(double value) => new(Vector256.Create((float)value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WideLane operator +(WideLane a, WideLane b) => new(a.Value + b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WideLane operator -(WideLane a, WideLane b) => new(a.Value - b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WideLane operator *(WideLane a, WideLane b) => new(a.Value * b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WideLane operator /(WideLane a, WideLane b) => new(a.Value / b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WideLane operator -(WideLane a) => new(-a.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static WideLane MultiplyAdd(WideLane a, WideLane b, WideLane c) =>
        new(Vector256.MultiplyAddEstimate(a.Value, b.Value, c.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WideLane Abs(WideLane x) => new(Vector256.Abs(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WideLane Sqrt(WideLane x) => new(Vector256.Sqrt(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WideLane Min(WideLane a, WideLane b) => new(Vector256.Min(a.Value, b.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WideLane Max(WideLane a, WideLane b) => new(Vector256.Max(a.Value, b.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static WideLane IfLess(WideLane a, WideLane b, WideLane then, WideLane otherwise) =>
        new(Vector256.ConditionalSelect(Vector256.LessThan(a.Value, b.Value), then.Value, otherwise.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WideLane Exp(WideLane x) => LaneMath.Exp(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WideLane Log(WideLane x) => LaneMath.Log(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WideLane Tanh(WideLane x) => LaneMath.Tanh(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WideLane Erf(WideLane x) => LaneMath.Erf(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static WideLane Pow(WideLane x, double exponent)
    {
        // Accurate and slow: exp(p·log x) in floats would lose as many bits as the result has before its point.
        var result = x.Value;
        for (var i = 0; i < Vector256<float>.Count; i++)
            result = result.WithElement(i, (float)Math.Pow(x.Value.GetElement(i), exponent));
        return new(result);
    }

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static WideLane Round(WideLane x) => new(Vector256.Round(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static WideLane PowerOfTwo(WideLane n) =>
        new(((Vector256.ConvertToInt32Native(n.Value) + Vector256.Create(127)) << 23).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static WideLane AtMost(WideLane bound, WideLane x) => new(Vector256.MinNative(bound.Value, x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static WideLane AtLeast(WideLane bound, WideLane x) => new(Vector256.MaxNative(bound.Value, x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static WideLane Split(WideLane x, out WideLane exponent)
    {
        var bits = x.Value.AsInt32();
        var e = (bits - Vector256.Create(SqrtHalf)) >> 23;
        exponent = new(Vector256.ConvertToSingle(e));
        return new((bits - (e << 23)).AsSingle());
    }

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static WideLane CopySign(WideLane magnitude, WideLane sign) =>
        new(Vector256.CopySign(magnitude.Value, sign.Value));
}
