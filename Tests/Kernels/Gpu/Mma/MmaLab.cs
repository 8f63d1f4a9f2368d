using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu.Mma;

/// <summary>Numbers for tensor cores, and how exact their products must be.</summary>
internal static class MmaLab
{
    /// <summary>Numbers between -1 and 1 that <paramref name="numbers"/> can hold: TF32 ones have 11 bits, so that
    /// only the sums are rounded.</summary>
    public static Tensor Make(MmaNumbers numbers, int seed, Shape shape, Device device)
    {
        var random = new Random(seed);
        var values = new float[shape.Count];
        for (var i = 0; i < values.Length; i++)
        {
            var x = (float)(2 * random.NextDouble() - 1);
            values[i] = numbers == MmaNumbers.Tf32
                ? BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(x) & 0xFFFFE000) : x;
        }
        return Tensor.From(values, shape).To(numbers.Stored()).To(device);
    }

    /// <summary>How far a sum may be from the exact one. Products are exact in the multiplier, but for pairs, which
    /// leave out 2⁻²² of each; every addition of a step along the depth is rounded to float32; and the result to its
    /// type.</summary>
    /// <param name="numbers">What is multiplied.</param>
    /// <param name="result">Type of the result.</param>
    /// <param name="depth">Length of the sum.</param>
    /// <param name="magnitude">Sum of the products' magnitudes.</param>
    /// <param name="value">The exact sum.</param>
    public static double Tolerance(MmaNumbers numbers, DType result, int depth, double magnitude, double value)
    {
        var steps = depth / (numbers is MmaNumbers.Float16 or MmaNumbers.BFloat16 ? 16.0 : 8.0) + 4;
        var arithmetic = steps * Math.Pow(2, -24) * (numbers == MmaNumbers.Tf32Pairs ? 3 : 1);
        if (numbers == MmaNumbers.Tf32Pairs) arithmetic += 3 * Math.Pow(2, -22);
        var rounding = result switch
        {
            DType.Float16 => Math.Pow(2, -11),
            DType.BFloat16 => Math.Pow(2, -8),
            _ => Math.Pow(2, -24),
        };
        return arithmetic * magnitude + rounding * (Math.Abs(value) + arithmetic * magnitude)
            + (result == DType.Float16 ? Math.Pow(2, -25) : 0);
    }

    /// <summary>The tensor's numbers in double precision.</summary>
    public static double[] Doubles(Tensor tensor) => tensor.To(Device.Cpu).To(DType.Float64).ToArray<double>();

    /// <summary>Compares a result with the same operation in double precision, on the same numbers.</summary>
    /// <param name="numbers">What was multiplied.</param>
    /// <param name="found">The result.</param>
    /// <param name="depth">Length of the sums.</param>
    /// <param name="reference">The operation; linear in the absolute values, which bound its rounding.</param>
    /// <param name="inputs">Its inputs, up to four.</param>
    public static void Compare(MmaNumbers numbers, Tensor found, int depth,
        Func<Tensor, Tensor, Tensor?, Tensor?, Tensor> reference, params ReadOnlySpan<Tensor?> inputs)
    {
        var wide = new Tensor?[4];
        for (var i = 0; i < inputs.Length; i++) wide[i] = inputs[i]?.To(Device.Cpu).To(DType.Float64);
        var expected = Doubles(reference(wide[0]!, wide[1]!, wide[2], wide[3]));
        for (var i = 0; i < wide.Length; i++) wide[i] = wide[i]?.Abs();
        var magnitudes = Doubles(reference(wide[0]!, wide[1]!, wide[2], wide[3]));
        var values = Doubles(found);
        Assert.That(values, Has.Length.EqualTo(expected.Length));
        for (var i = 0; i < values.Length; i++)
        {
            var allowed = Tolerance(numbers, found.DType, depth, magnitudes[i], expected[i]);
            if (!(Math.Abs(values[i] - expected[i]) <= allowed))
                Assert.Fail($"element {i} of {found.Shape}: found {values[i]:g9}, expected {expected[i]:g9}, off by "
                    + $"{Math.Abs(values[i] - expected[i]):g3} where {allowed:g3} is allowed");
        }
    }
}
