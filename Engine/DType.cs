namespace Diffract.Engine;

/// <summary>The type of a tensor's elements. It is a value, not a type parameter: files decide it at run time.
/// </summary>
public enum DType : byte
{
    /// <summary>IEEE 754 binary32, the type of activations, statistics and master weights.</summary>
    Float32,

    /// <summary>IEEE 754 binary16. On the CPU it is storage only: arithmetic is done in <see cref="Float32"/>.
    /// </summary>
    Float16,

    /// <summary>The upper half of a <see cref="Float32"/>. On the CPU it is storage only.</summary>
    BFloat16,

    /// <summary>IEEE 754 binary64, the type of references and gradient checks.</summary>
    Float64,

    /// <summary>Signed 64-bit integers: labels, indices, time steps.</summary>
    Int64,

    /// <summary>Signed 32-bit integers.</summary>
    Int32,

    /// <summary>Bytes: images.</summary>
    UInt8,

    /// <summary>One byte an element, 0 or 1.</summary>
    Bool,
}

/// <summary>Facts about element types.</summary>
public static class DTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this DType dtype) => dtype switch
    {
        DType.Float64 or DType.Int64 => 8,
        DType.Float32 or DType.Int32 => 4,
        DType.Float16 or DType.BFloat16 => 2,
        DType.UInt8 or DType.Bool => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "unknown dtype"),
    };

    /// <summary>True for the four floating-point types.</summary>
    public static bool IsFloating(this DType dtype) =>
        dtype is DType.Float32 or DType.Float16 or DType.BFloat16 or DType.Float64;

    /// <summary>True for the two 16-bit types, which the CPU keeps but does not calculate in.</summary>
    public static bool IsHalf(this DType dtype) => dtype is DType.Float16 or DType.BFloat16;

    /// <summary>The dtype whose elements are <typeparamref name="T"/> in memory.</summary>
    /// <exception cref="DTypeException">No dtype is stored as <typeparamref name="T"/>.</exception>
    public static DType Of<T>() where T : unmanaged =>
        typeof(T) == typeof(float) ? DType.Float32
        : typeof(T) == typeof(double) ? DType.Float64
        : typeof(T) == typeof(long) ? DType.Int64
        : typeof(T) == typeof(int) ? DType.Int32
        : typeof(T) == typeof(byte) ? DType.UInt8
        : typeof(T) == typeof(bool) ? DType.Bool
        : typeof(T) == typeof(Half) ? DType.Float16
        : typeof(T) == typeof(BFloat16) ? DType.BFloat16
        : throw new DTypeException($"no tensor dtype is stored as {typeof(T).Name}; use float, double, Half, BFloat16, "
            + "long, int, byte or bool");
}

/// <summary>The upper 16 bits of a float: storage for <see cref="DType.BFloat16"/>. Rounds to nearest, ties to even.
/// </summary>
public readonly record struct BFloat16(ushort Bits)
{
    /// <summary>Rounds to the nearest representable value; a NaN stays a (quiet) NaN.</summary>
    public static explicit operator BFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return new BFloat16((ushort)((bits >> 16) | 0x40));
        return new BFloat16((ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16));
    }

    /// <summary>Exact.</summary>
    public static implicit operator float(BFloat16 value) => BitConverter.UInt32BitsToSingle((uint)value.Bits << 16);

    /// <inheritdoc/>
    public override string ToString() => ((float)this).ToString();
}
