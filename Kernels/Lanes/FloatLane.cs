using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>One float: the remainder of a row that does not fill a <see cref="WideLane"/>, with the same bits as there.
/// </summary>
/// <param name="value">The number.</param>
public readonly unsafe struct FloatLane(float value) : IFloatLane<FloatLane>, ILaneMemory<FloatLane, float>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    // Bits of √½, the least mantissa that Split returns.
    private const int SqrtHalf = 0x3F3504F3;

    /// <summary>The number.</summary>
    public readonly float Value = value;

    /// <inheritdoc/>
    public static int Width
    {
        [MethodImpl(Inline)]
        get => 1;
    }

    /// <summary>Wraps a number.</summary>
    [MethodImpl(Inline)] public static implicit operator FloatLane(float value) => new(value);

    /// <summary>Unwraps the number.</summary>
    [MethodImpl(Inline)] public static implicit operator float(FloatLane lane) => lane.Value;

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static FloatLane Load(float* source) => new(*source);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static FloatLane Repeat(float* source) => new(*source);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static void Store(float* target, FloatLane value) => *target = value.Value;

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static FloatLane Of(double value) => new((float)value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static FloatLane operator +(FloatLane a, FloatLane b) => new(a.Value + b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static FloatLane operator -(FloatLane a, FloatLane b) => new(a.Value - b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static FloatLane operator *(FloatLane a, FloatLane b) => new(a.Value * b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static FloatLane operator /(FloatLane a, FloatLane b) => new(a.Value / b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static FloatLane operator -(FloatLane a) => new(-a.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static FloatLane MultiplyAdd(FloatLane a, FloatLane b, FloatLane c) =>
        new(float.MultiplyAddEstimate(a.Value, b.Value, c.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static FloatLane Abs(FloatLane x) => new(MathF.Abs(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static FloatLane Sqrt(FloatLane x) => new(MathF.Sqrt(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static FloatLane Min(FloatLane a, FloatLane b) => new(MathF.Min(a.Value, b.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static FloatLane Max(FloatLane a, FloatLane b) => new(MathF.Max(a.Value, b.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static FloatLane IfLess(FloatLane a, FloatLane b, FloatLane then, FloatLane otherwise) =>
        a.Value < b.Value ? then : otherwise;

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static FloatLane Exp(FloatLane x) => LaneMath.Exp(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static FloatLane Log(FloatLane x) => LaneMath.Log(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static FloatLane Tanh(FloatLane x) => LaneMath.Tanh(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static FloatLane Erf(FloatLane x) => LaneMath.Erf(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static FloatLane Pow(FloatLane x, double exponent) => new((float)Math.Pow(x.Value, exponent));

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static FloatLane Round(FloatLane x) => new(MathF.Round(x.Value));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static FloatLane PowerOfTwo(FloatLane n) => new(BitConverter.Int32BitsToSingle(((int)n.Value + 127) << 23));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static FloatLane AtMost(FloatLane bound, FloatLane x) => bound.Value < x.Value ? bound : x;

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static FloatLane AtLeast(FloatLane bound, FloatLane x) => bound.Value > x.Value ? bound : x;

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static FloatLane Split(FloatLane x, out FloatLane exponent)
    {
        var bits = BitConverter.SingleToInt32Bits(x.Value);
        var e = (bits - SqrtHalf) >> 23;
        exponent = new(e);
        return new(BitConverter.Int32BitsToSingle(bits - (e << 23)));
    }

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static FloatLane CopySign(FloatLane magnitude, FloatLane sign) =>
        new(MathF.CopySign(magnitude.Value, sign.Value));
}
