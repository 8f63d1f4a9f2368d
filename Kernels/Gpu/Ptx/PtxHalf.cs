using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Floats that lie in memory in 16 bits, or in 32.</summary>
internal static class PtxHalf
{
    /// <summary>The type's name in an instruction's.</summary>
    public static string Name(DType type) => type switch
    {
        DType.Float32 => "f32",
        DType.Float16 => "f16",
        DType.BFloat16 => "bf16",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "neither float32 nor shorter"),
    };

    /// <summary>A number from global memory.</summary>
    public static PtxValue Load(PtxWriter k, DType type, PtxValue address) => type == DType.Float32
        ? k.Load(PtxNumber.F32, "global", address)
        : Widened(k, type, k.Load(PtxNumber.B16, "global", address));

    /// <summary>Writes the nearest number of the type to global memory.</summary>
    public static void Store(PtxWriter k, DType type, PtxValue address, PtxValue value) =>
        k.Store("global", address, type == DType.Float32 ? value : Rounded(k, type, value));

    /// <summary>A 16-bit number as a float.</summary>
    public static PtxValue Widened(PtxWriter k, DType type, PtxValue half)
    {
        if (type == DType.Float16) return k.Make(PtxNumber.F32, $"cvt.f32.f16 {{0}}, {half};");
        // A bfloat16 is the upper half of a float.
        var zero = k.Make(PtxNumber.B16, "mov.b16 {0}, 0;");
        return k.Make(PtxNumber.B32, $"mov.b32 {{0}}, {{{zero}, {half}}};").Seen(PtxNumber.F32);
    }

    /// <summary>The nearest 16-bit number.</summary>
    public static PtxValue Rounded(PtxWriter k, DType type, PtxValue value) =>
        k.Make(PtxNumber.B16, $"cvt.rn.{Name(type)}.f32 {{0}}, {value};");

    /// <summary>Two floats as 16-bit numbers in one register, the first in its lower half.</summary>
    public static PtxValue Pair(PtxWriter k, DType type, PtxValue first, PtxValue second) =>
        k.Make(PtxNumber.B32, $"cvt.rn.{Name(type)}x2.f32 {{0}}, {second}, {first};");
}
