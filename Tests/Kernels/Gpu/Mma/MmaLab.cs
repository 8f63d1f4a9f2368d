using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu.Mma;

/// <summary>Numbers for tensor cores, and how exact their products must be.</summary>
internal static class MmaLab
{
    /// <summary>The type that the numbers have in memory.</summary>
    public static DType Stored(MmaNumbers numbers) => numbers switch
    {
        MmaNumbers.Float16 => DType.Float16,
        MmaNumbers.BFloat16 => DType.BFloat16,
        _ => DType.Float32,
    };

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
        return Tensor.From(values, shape).To(Stored(numbers)).To(device);
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

    /// <summary>Runs one product and compares it.</summary>
    public static void Check(MmaNumbers numbers, MmaTile tile, int rows, int columns, int depth, bool transposeA,
        bool transposeB, DType? result = null, int architecture = 80)
    {
        using var scope = Scope.Open();
        var device = new SimDevice(architecture);
        var type = result ?? Stored(numbers);
        var a = Make(numbers, 1, transposeA ? [depth, rows] : [rows, depth], device);
        var b = Make(numbers, 2, transposeB ? [columns, depth] : [depth, columns], device);
        var c = Tensor.Empty([rows, columns], type, device);
        MatMul.RunMma(device, new()
        {
            A = a.View,
            B = b.View,
            C = c.View,
            Rows = rows,
            Columns = columns,
            Depth = depth,
            TransposeA = transposeA,
            TransposeB = transposeB,
        }, numbers, tile);
        double[] x = Doubles(a), y = Doubles(b), found = Doubles(c);
        for (var i = 0; i < rows; i++)
            for (var j = 0; j < columns; j++)
            {
                double sum = 0, magnitude = 0;
                for (var d = 0; d < depth; d++)
                {
                    var product = x[transposeA ? d * rows + i : i * depth + d]
                        * y[transposeB ? j * depth + d : d * columns + j];
                    sum += product;
                    magnitude += Math.Abs(product);
                }
                var allowed = Tolerance(numbers, type, depth, magnitude, sum);
                if (!(Math.Abs(found[i * columns + j] - sum) <= allowed))
                    Assert.Fail($"({i}, {j}): found {found[i * columns + j]:g9}, expected {sum:g9}, off by "
                        + $"{Math.Abs(found[i * columns + j] - sum):g3} where {allowed:g3} is allowed");
            }
    }
}
