using System.Numerics;

namespace Diffract.Kernels;

/// <summary>A number to divide by, as a multiplication and a shift: exact for dividends below 2³¹.</summary>
internal readonly struct Divisor
{
    /// <summary>The divisor.</summary>
    public readonly int Length;

    /// <summary>2^<see cref="Shift"/> / <see cref="Length"/>, rounded up.</summary>
    public readonly uint Factor;

    /// <summary>31 and as many bits as the divisor has.</summary>
    public readonly int Shift;

    /// <summary>A divisor of at least 1.</summary>
    public Divisor(int length)
    {
        Length = length;
        Shift = 31 + (length == 1 ? 0 : BitOperations.Log2((uint)length - 1) + 1);
        Factor = (uint)(((1UL << Shift) + (ulong)length - 1) / (ulong)length);
    }
}
