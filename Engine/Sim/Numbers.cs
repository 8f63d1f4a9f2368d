using System.Runtime.CompilerServices;

namespace Diffract.Engine.Sim;

/// <summary>Bits of registers as numbers, and back.</summary>
internal static class Numbers
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Single(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Bits(float value) => BitConverter.SingleToUInt32Bits(value);

    public static double Double(ulong bits) => BitConverter.UInt64BitsToDouble(bits);

    public static ulong Bits(double value) => BitConverter.DoubleToUInt64Bits(value);

    /// <summary>A number of a float type, exactly.</summary>
    public static double Value(PtxType type, ulong bits) => (type.Kind, type.Bits) switch
    {
        (PtxKind.BFloat, _) => Single((ulong)(uint)(ushort)bits << 16),
        (_, 16) => (double)BitConverter.UInt16BitsToHalf((ushort)bits),
        (_, 32) => Single(bits),
        _ => Double(bits),
    };

    /// <summary>The nearest number of a float type, ties to even.</summary>
    public static ulong Nearest(PtxType type, double value) => (type.Kind, type.Bits) switch
    {
        (PtxKind.BFloat, _) => BFloat(value),
        (_, 16) => BitConverter.HalfToUInt16Bits((Half)value),
        (_, 32) => Bits((float)value),
        _ => Bits(value),
    };

    /// <summary>A 32-bit float with subnormal numbers taken for 0 of the same sign.</summary>
    public static ulong Flushed(ulong bits) => (bits & 0x7F800000) == 0 ? bits & 0x80000000 : bits;

    /// <summary>The nearest TF32 number, ties away from 0, as <c>cvt.rna.tf32.f32</c> gives it.</summary>
    public static ulong Tf32(ulong bits) =>
        (bits & 0x7F800000) == 0x7F800000 ? bits : (ulong)(uint)(bits + 0x1000) & 0xFFFFE000;

    private static ulong BFloat(double value)
    {
        // Through a float rounded to odd, so that nothing is rounded twice.
        var single = (float)value;
        var bits = BitConverter.SingleToUInt32Bits(single);
        if (float.IsNaN(single)) return 0x7FFF;
        if (single != value && !float.IsInfinity(single))
        {
            // The neighbour towards zero, with its last bit set.
            if (Math.Abs((double)single) > Math.Abs(value)) bits--;
            bits |= 1;
        }
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
