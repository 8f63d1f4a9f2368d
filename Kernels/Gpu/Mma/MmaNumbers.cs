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
    /// <summary>Numbers of a 16-bit type.</summary>
    public static MmaNumbers Of(DType half) => half switch
    {
        DType.Float16 => MmaNumbers.Float16,
        DType.BFloat16 => MmaNumbers.BFloat16,
        _ => throw new ArgumentOutOfRangeException(nameof(half), half, "no 16-bit float"),
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
