using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>What the tensor cores multiply. They add up in float32.</summary>
internal enum MmaNumbers
{
    /// <summary>Half precision: 11 bits.</summary>
    Float16,

    /// <summary>The upper half of a float: 8 bits.</summary>
    BFloat16,

    /// <summary>Floats, rounded to 11 bits on the way to the multiplier.</summary>
    Tf32,

    /// <summary>Floats, each as the sum of two TF32 numbers: three products, and 22 bits.</summary>
    Tf32Pairs,
}

/// <summary>Facts about what tensor cores multiply.</summary>
internal static class MmaNumbersFacts
{
    /// <summary>What a device multiplies on its tensor cores for operands of a type; null where it does without.
    /// </summary>
    /// <exception cref="DTypeException">Without tensor cores it does not multiply 16-bit floats.</exception>
    public static MmaNumbers? Of(GpuDevice device, DType operands) => (operands, device.MatMulPrecision) switch
    {
        _ when !device.MultipliesHalf => operands == DType.Float32 ? null : throw new DTypeException(
            $"{device} does not multiply {operands}: that takes compute capability 8.0"),
        (DType.Float16, _) => MmaNumbers.Float16,
        (DType.BFloat16, _) => MmaNumbers.BFloat16,
        (_, MatMulPrecision.Tf32) => MmaNumbers.Tf32,
        (_, MatMulPrecision.Tf32x3) => MmaNumbers.Tf32Pairs,
        _ => null,
    };

    /// <summary>Their type in memory.</summary>
    public static DType Stored(this MmaNumbers numbers) => numbers switch
    {
        MmaNumbers.Float16 => DType.Float16,
        MmaNumbers.BFloat16 => DType.BFloat16,
        _ => DType.Float32,
    };

    /// <summary>Bytes of a number in memory.</summary>
    public static int Bytes(this MmaNumbers numbers) => numbers is MmaNumbers.Float16 or MmaNumbers.BFloat16 ? 2 : 4;

    /// <summary>Numbers in 16 bytes.</summary>
    public static int InChunk(this MmaNumbers numbers) => 16 / numbers.Bytes();

    /// <summary>The type in the instruction's name.</summary>
    public static string Name(this MmaNumbers numbers) => numbers switch
    {
        MmaNumbers.Float16 => "f16",
        MmaNumbers.BFloat16 => "bf16",
        _ => "tf32",
    };
}
