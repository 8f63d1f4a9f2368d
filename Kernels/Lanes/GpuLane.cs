using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Diffract.Kernels;

/// <summary>One float in a GPU's thread. What the compiler has no exact instruction for is asked for by name, and so
/// are comparisons: the compiler turns some round, which changes what a NaN does.</summary>
/// <param name="value">The number.</param>
public readonly struct GpuLane(float value) : IFloatLane<GpuLane>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    // Bits of √½, the least mantissa that Split returns.
    private const int SqrtHalf = 0x3F3504F3;

    /// <summary>The number.</summary>
    public readonly float Value = value;

    /// <summary>Wraps a number.</summary>
    [MethodImpl(Inline)] public static implicit operator GpuLane(float value) => new(value);

    /// <summary>Unwraps the number.</summary>
    [MethodImpl(Inline)] public static implicit operator float(GpuLane lane) => lane.Value;

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static GpuLane Of(double value) => new((float)value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static GpuLane operator +(GpuLane a, GpuLane b) => new(a.Value + b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static GpuLane operator -(GpuLane a, GpuLane b) => new(a.Value - b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static GpuLane operator *(GpuLane a, GpuLane b) => new(a.Value * b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static GpuLane operator /(GpuLane a, GpuLane b) => new(a.Value / b.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static GpuLane operator -(GpuLane a) => new(-a.Value);

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static GpuLane MultiplyAdd(GpuLane a, GpuLane b, GpuLane c)
    {
        CudaAsm.Emit("fma.rn.f32 %0, %1, %2, %3;", out float result, a.Value, b.Value, c.Value);
        return new(result);
    }

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static GpuLane Abs(GpuLane x) => new(Interop.IntAsFloat(Interop.FloatAsInt(x.Value) & 0x7FFFFFFF));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static GpuLane Sqrt(GpuLane x)
    {
        CudaAsm.Emit("sqrt.rn.f32 %0, %1;", out float result, x.Value);
        return new(result);
    }

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static GpuLane Min(GpuLane a, GpuLane b)
    {
        CudaAsm.Emit("{ .reg .pred p; setp.lt.f32 p, %1, %2; @!p setp.nan.f32 p, %1, %1; "
            + "selp.f32 %0, %1, %2, p; }", out float result, a.Value, b.Value);
        return new(result);
    }

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static GpuLane Max(GpuLane a, GpuLane b)
    {
        CudaAsm.Emit("{ .reg .pred p; setp.gt.f32 p, %1, %2; @!p setp.nan.f32 p, %1, %1; "
            + "selp.f32 %0, %1, %2, p; }", out float result, a.Value, b.Value);
        return new(result);
    }

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static GpuLane IfLess(GpuLane a, GpuLane b, GpuLane then, GpuLane otherwise)
    {
        CudaAsm.Emit("{ .reg .pred p; setp.lt.f32 p, %1, %2; selp.f32 %0, %3, %4, p; }", out float result, a.Value,
            b.Value, then.Value, otherwise.Value);
        return new(result);
    }

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static GpuLane Exp(GpuLane x) => LaneMath.Exp(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static GpuLane Log(GpuLane x) => LaneMath.Log(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static GpuLane Tanh(GpuLane x) => LaneMath.Tanh(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)] public static GpuLane Erf(GpuLane x) => LaneMath.Erf(x);

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static GpuLane Pow(GpuLane x, double exponent) => new(GpuMath.Pow(x.Value, exponent));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static GpuLane Round(GpuLane x)
    {
        CudaAsm.Emit("cvt.rni.f32.f32 %0, %1;", out float result, x.Value);
        return new(result);
    }

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static GpuLane PowerOfTwo(GpuLane n) => new(Interop.IntAsFloat((uint)((int)n.Value + 127) << 23));

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static GpuLane AtMost(GpuLane bound, GpuLane x) => IfLess(bound, x, bound, x);

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static GpuLane AtLeast(GpuLane bound, GpuLane x) => IfLess(x, bound, bound, x);

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static GpuLane Split(GpuLane x, out GpuLane exponent)
    {
        var bits = (int)Interop.FloatAsInt(x.Value);
        var e = (bits - SqrtHalf) >> 23;
        exponent = new(e);
        return new(Interop.IntAsFloat((uint)(bits - (e << 23))));
    }

    /// <inheritdoc/>
    [MethodImpl(Inline)]
    public static GpuLane CopySign(GpuLane magnitude, GpuLane sign) => new(Interop.IntAsFloat(
        (Interop.FloatAsInt(magnitude.Value) & 0x7FFFFFFF) | (Interop.FloatAsInt(sign.Value) & 0x80000000)));
}
