using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Eight floats to and from their 16-bit forms in integer arithmetic, for .NET has no vector conversion of
/// <see cref="Half"/>. Rounds to nearest, ties to even; subnormal numbers, infinities and NaN survive.</summary>
public static unsafe class HalfLane
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>Reads eight halves.</summary>
    [MethodImpl(Inline)]
    public static Vector256<float> Load(Half* source)
    {
        var bits = Widen((ushort*)source);
        var magnitude = bits & Vector256.Create(0x7FFFu);
        // The exponent's bias differs by 112: a product with 2¹¹² mends it, for subnormal halves too.
        var value = ((magnitude << 13).AsSingle() * Vector256.Create(5.192296858534828e33f)).AsUInt32();
        var special = Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(0x7C00u));
        value |= special & Vector256.Create(0x7F800000u);
        return (value | ((bits & Vector256.Create(0x8000u)) << 16)).AsSingle();
    }

    /// <summary>Writes eight numbers as halves.</summary>
    [MethodImpl(Inline)]
    public static void Store(Half* target, Vector256<float> value)
    {
        var bits = value.AsUInt32();
        var magnitude = bits & Vector256.Create(0x7FFFFFFFu);

        // Normal halves: change the bias, then round by adding just under half of the last kept bit, plus that bit.
        var odd = (magnitude >> 13) & Vector256.Create(1u);
        var normal = (magnitude - Vector256.Create(112u << 23) + Vector256.Create(0xFFFu) + odd) >> 13;

        // Subnormal halves: a sum with 0.5 has its last bit at 2⁻²⁴, theirs, and the adder rounds.
        var small = (magnitude.AsSingle() + Vector256.Create(0.5f)).AsUInt32() - Vector256.Create(0x3F000000u);

        var infinite = Vector256.ConditionalSelect(Vector256.GreaterThan(magnitude, Vector256.Create(0x7F800000u)),
            Vector256.Create(0x7E00u), Vector256.Create(0x7C00u));
        var result = Vector256.ConditionalSelect(
            Vector256.LessThan(magnitude, Vector256.Create(113u << 23)), small, normal);
        result = Vector256.ConditionalSelect(
            Vector256.LessThan(magnitude, Vector256.Create(143u << 23)), result, infinite);
        Narrow(result | ((bits & Vector256.Create(0x80000000u)) >> 16), (ushort*)target);
    }

    /// <summary>Reads eight bfloat16 numbers.</summary>
    [MethodImpl(Inline)]
    public static Vector256<float> Load(BFloat16* source) => (Widen((ushort*)source) << 16).AsSingle();

    /// <summary>Writes eight numbers as bfloat16.</summary>
    [MethodImpl(Inline)]
    public static void Store(BFloat16* target, Vector256<float> value)
    {
        var bits = value.AsUInt32();
        var odd = (bits >> 16) & Vector256.Create(1u);
        var rounded = (bits + Vector256.Create(0x7FFFu) + odd) >> 16;
        var quiet = (bits >> 16) | Vector256.Create(0x40u);
        Narrow(Vector256.ConditionalSelect(Vector256.IsNaN(value).AsUInt32(), quiet, rounded), (ushort*)target);
    }

    [MethodImpl(Inline)]
    private static Vector256<uint> Widen(ushort* source)
    {
        var (low, high) = Vector128.Widen(Vector128.Load(source));
        return Vector256.Create(low, high);
    }

    [MethodImpl(Inline)]
    private static void Narrow(Vector256<uint> value, ushort* target) =>
        Vector128.Narrow(value.GetLower(), value.GetUpper()).Store(target);
}
