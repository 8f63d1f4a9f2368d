using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Diffract.Kernels;

/// <summary>How a GPU's thread reads and writes numbers of one type: whole ones as 64-bit integers, others as doubles,
/// both of which hold all of them.</summary>
/// <typeparam name="T">What memory holds.</typeparam>
internal interface IGpuNumber<T> where T : unmanaged
{
    /// <summary>True for integers and truth values.</summary>
    static abstract bool IsWhole { get; }

    /// <summary>The number, where it is whole.</summary>
    static abstract long ToLong(T stored);

    /// <summary>The number, where it need not be.</summary>
    static abstract double ToDouble(T stored);

    /// <summary>The nearest number of the type; a whole type cuts off the fraction and stops at its ends.</summary>
    static abstract T FromDouble(double value);

    /// <summary>The nearest number of the type.</summary>
    static abstract T FromLong(long value);
}

/// <summary>How a GPU's thread reads and writes floats of one type that it calculates with in float32, which holds all
/// of them.</summary>
/// <typeparam name="T">What memory holds.</typeparam>
internal interface IGpuFloat<T> : IGpuNumber<T> where T : unmanaged
{
    /// <summary>The number.</summary>
    static abstract float ToSingle(T stored);

    /// <summary>The nearest number of the type.</summary>
    static abstract T FromSingle(float value);

    /// <summary>Eight neighbouring numbers, the first of them at a multiple of eight.</summary>
    static abstract Float8 ReadEight(ArrayView<Word4> from, long eight);

    /// <summary>Writes eight neighbouring numbers.</summary>
    static abstract void WriteEight(ArrayView<Word4> to, long eight, Float8 numbers);
}

internal readonly struct SingleNumber : IGpuFloat<float>
{
    public static float ToSingle(float stored) => stored;

    public static float FromSingle(float value) => value;

    public static Float8 ReadEight(ArrayView<Word4> from, long eight) =>
        new() { Low = Four(from[2 * eight]), High = Four(from[2 * eight + 1]) };

    public static void WriteEight(ArrayView<Word4> to, long eight, Float8 numbers)
    {
        to[2 * eight] = Words(numbers.Low);
        to[2 * eight + 1] = Words(numbers.High);
    }

    private static Float4 Four(Word4 words) => new()
    {
        X = Interop.IntAsFloat(words.X),
        Y = Interop.IntAsFloat(words.Y),
        Z = Interop.IntAsFloat(words.Z),
        W = Interop.IntAsFloat(words.W),
    };

    private static Word4 Words(Float4 numbers) => new()
    {
        X = Interop.FloatAsInt(numbers.X),
        Y = Interop.FloatAsInt(numbers.Y),
        Z = Interop.FloatAsInt(numbers.Z),
        W = Interop.FloatAsInt(numbers.W),
    };

    public static bool IsWhole => false;

    public static long ToLong(float stored) => (long)stored;

    public static double ToDouble(float stored) => stored;

    public static float FromDouble(double value) => (float)value;

    public static float FromLong(long value) => value;
}

internal readonly struct DoubleNumber : IGpuNumber<double>
{
    public static bool IsWhole => false;

    public static long ToLong(double stored) => (long)stored;

    public static double ToDouble(double stored) => stored;

    public static double FromDouble(double value) => value;

    public static double FromLong(long value) => value;
}

internal readonly struct HalfNumber : IGpuFloat<ushort>
{
    public static bool IsWhole => false;

    public static long ToLong(ushort stored) => (long)ToSingle(stored);

    public static double ToDouble(ushort stored) => ToSingle(stored);

    public static float ToSingle(ushort stored)
    {
        CudaAsm.Emit("{ .reg .b16 half; cvt.u16.u32 half, %1; cvt.f32.f16 %0, half; }", out float value, (uint)stored);
        return value;
    }

    public static ushort FromSingle(float value)
    {
        CudaAsm.Emit("{ .reg .b16 half; cvt.rn.f16.f32 half, %1; cvt.u32.u16 %0, half; }", out uint bits, value);
        return (ushort)bits;
    }

    public static ushort FromDouble(double value)
    {
        CudaAsm.Emit("{ .reg .b16 half; cvt.rn.f16.f64 half, %1; cvt.u32.u16 %0, half; }", out uint bits, value);
        return (ushort)bits;
    }

    public static Float8 ReadEight(ArrayView<Word4> from, long eight) => HalfEight<HalfNumber>.Of(from[eight]);

    public static void WriteEight(ArrayView<Word4> to, long eight, Float8 numbers) =>
        to[eight] = HalfEight<HalfNumber>.From(numbers);

    public static ushort FromLong(long value) => FromDouble(value);
}

internal readonly struct BFloatNumber : IGpuFloat<ushort>
{
    public static bool IsWhole => false;

    public static long ToLong(ushort stored) => (long)ToSingle(stored);

    public static double ToDouble(ushort stored) => ToSingle(stored);

    public static float ToSingle(ushort stored) => Interop.IntAsFloat((uint)stored << 16);

    public static ushort FromDouble(double value) => FromSingle((float)value);

    // To nearest even with integers: the instruction needs a newer device. A NaN stays one.
    public static ushort FromSingle(float value)
    {
        var bits = Interop.FloatAsInt(value);
        if ((bits & 0x7FFFFFFF) > 0x7F800000) return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    public static Float8 ReadEight(ArrayView<Word4> from, long eight) => HalfEight<BFloatNumber>.Of(from[eight]);

    public static void WriteEight(ArrayView<Word4> to, long eight, Float8 numbers) =>
        to[eight] = HalfEight<BFloatNumber>.From(numbers);

    public static ushort FromLong(long value) => FromSingle(value);
}

internal readonly struct LongNumber : IGpuNumber<long>
{
    public static bool IsWhole => true;

    public static long ToLong(long stored) => stored;

    public static double ToDouble(long stored) => stored;

    public static long FromDouble(double value) => WholeNumbers.Saturated(value);

    public static long FromLong(long value) => value;
}

internal readonly struct IntNumber : IGpuNumber<int>
{
    public static bool IsWhole => true;

    public static long ToLong(int stored) => stored;

    public static double ToDouble(int stored) => stored;

    public static int FromDouble(double value) => FromLong(WholeNumbers.Saturated(value));

    public static int FromLong(long value) =>
        (int)(value < int.MinValue ? int.MinValue : value > int.MaxValue ? int.MaxValue : value);
}

internal readonly struct ByteNumber : IGpuNumber<byte>
{
    public static bool IsWhole => true;

    public static long ToLong(byte stored) => stored;

    public static double ToDouble(byte stored) => stored;

    public static byte FromDouble(double value) => FromLong(WholeNumbers.Saturated(value));

    public static byte FromLong(long value) => (byte)(value < 0 ? 0 : value > 255 ? 255 : value);
}

internal readonly struct BoolNumber : IGpuNumber<byte>
{
    public static bool IsWhole => true;

    public static long ToLong(byte stored) => stored;

    public static double ToDouble(byte stored) => stored;

    public static byte FromDouble(double value) => value == 0 ? (byte)0 : (byte)1;

    public static byte FromLong(long value) => value == 0 ? (byte)0 : (byte)1;
}

internal static class WholeNumbers
{
    /// <summary>Cuts off the fraction; stops at the ends of 64 bits; NaN becomes 0.</summary>
    public static long Saturated(double value)
    {
        // As long as 64-bit results are saturated by the instruction, and NaN is not: the manual leaves that open.
        if (double.IsNaN(value)) return 0;
        CudaAsm.Emit("cvt.rzi.s64.f64 %0, %1;", out long whole, value);
        return whole;
    }
}
