using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>The elements of a tensor as plain numbers, read without the operations that are being verified.</summary>
internal static class Elements
{
    /// <summary>Any floating type, exactly.</summary>
    public static double[] Doubles(Tensor tensor) => tensor.DType switch
    {
        DType.Float32 => Array.ConvertAll(tensor.ToArray<float>(), v => (double)v),
        DType.Float64 => tensor.ToArray<double>(),
        DType.Float16 => Array.ConvertAll(tensor.ToArray<Half>(), v => (double)v),
        DType.BFloat16 => Array.ConvertAll(tensor.ToArray<BFloat16>(), v => (double)(float)v),
        _ => Array.ConvertAll(Integers(tensor), v => (double)v),
    };

    /// <summary>Any integer type, or bool as 0 and 1, exactly.</summary>
    public static long[] Integers(Tensor tensor) => tensor.DType switch
    {
        DType.Int64 => tensor.ToArray<long>(),
        DType.Int32 => Array.ConvertAll(tensor.ToArray<int>(), v => (long)v),
        DType.UInt8 => Array.ConvertAll(tensor.ToArray<byte>(), v => (long)v),
        DType.Bool => Array.ConvertAll(tensor.ToArray<bool>(), v => v ? 1L : 0L),
        _ => throw new DTypeException($"{tensor.DType} is not an integer type"),
    };

    /// <summary>A tensor of numbers in the given floating type, rounded once.</summary>
    public static Tensor Make(ReadOnlySpan<double> values, Shape shape, DType dtype, Device device)
    {
        switch (dtype)
        {
            case DType.Float64:
                return Tensor.From(values, shape, device);
            case DType.Float32:
                var singles = new float[values.Length];
                for (var i = 0; i < singles.Length; i++) singles[i] = (float)values[i];
                return Tensor.From(singles, shape, device);
            default:
                throw new DTypeException($"cases run in Float32 or Float64, not {dtype}");
        }
    }
}
