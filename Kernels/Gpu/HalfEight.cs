namespace Diffract.Kernels;

/// <summary>Eight 16-bit floats of one access as numbers.</summary>
/// <typeparam name="TNumber">Which of the two types.</typeparam>
internal static class HalfEight<TNumber> where TNumber : struct, IGpuFloat<ushort>
{
    /// <summary>The numbers.</summary>
    public static Float8 Of(Word4 words) => new()
    {
        Low = new() { X = First(words.X), Y = Second(words.X), Z = First(words.Y), W = Second(words.Y) },
        High = new() { X = First(words.Z), Y = Second(words.Z), Z = First(words.W), W = Second(words.W) },
    };

    /// <summary>The nearest numbers of the type.</summary>
    public static Word4 From(Float8 numbers) => new()
    {
        X = Join(numbers.Low.X, numbers.Low.Y),
        Y = Join(numbers.Low.Z, numbers.Low.W),
        Z = Join(numbers.High.X, numbers.High.Y),
        W = Join(numbers.High.Z, numbers.High.W),
    };

    private static float First(uint two) => TNumber.ToSingle((ushort)two);

    private static float Second(uint two) => TNumber.ToSingle((ushort)(two >> 16));

    private static uint Join(float first, float second) =>
        TNumber.FromSingle(first) | (uint)TNumber.FromSingle(second) << 16;
}
