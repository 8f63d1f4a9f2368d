using ILGPU;

namespace Diffract.Kernels;

/// <summary>What a block of a GPU's threads finds out about one row.</summary>
internal static class GpuRows
{
    /// <summary>The largest number.</summary>
    public static float Max(ArrayView<float> x, long row, int columns)
    {
        var top = float.NegativeInfinity;
        for (var c = Group.IdxX; c < columns; c += GpuBlock.Threads)
        {
            var value = x[row + c];
            top = value > top ? value : top;
        }
        return GpuBlock.Max(top);
    }

    /// <summary>The sum of e^(x - top).</summary>
    public static float SumOfExp(ArrayView<float> x, long row, int columns, float top)
    {
        double sum = 0;
        for (var c = Group.IdxX; c < columns; c += GpuBlock.Threads) sum += GpuLane.Exp(x[row + c] - top).Value;
        return (float)GpuBlock.Sum(sum);
    }
}
