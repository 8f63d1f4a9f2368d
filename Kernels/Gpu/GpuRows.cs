using ILGPU;

namespace Diffract.Kernels;

/// <summary>What a block of a GPU's threads finds out about one row.</summary>
/// <typeparam name="T">What memory holds.</typeparam>
/// <typeparam name="TNumber">How it is read.</typeparam>
internal static class GpuRows<T, TNumber> where T : unmanaged where TNumber : struct, IGpuFloat<T>
{
    /// <summary>The largest number.</summary>
    public static float Max(ArrayView<T> x, long row, int columns)
    {
        var top = float.NegativeInfinity;
        for (var c = Group.IdxX; c < columns; c += GpuBlock.Threads)
        {
            var value = TNumber.ToSingle(x[row + c]);
            top = value > top ? value : top;
        }
        return GpuBlock.Max(top);
    }

    /// <summary>The sum of e^(x - top).</summary>
    public static float SumOfExp(ArrayView<T> x, long row, int columns, float top)
    {
        double sum = 0;
        for (var c = Group.IdxX; c < columns; c += GpuBlock.Threads)
            sum += GpuLane.Exp(TNumber.ToSingle(x[row + c]) - top).Value;
        return (float)GpuBlock.Sum(sum);
    }
}
