using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU a block adds up a stretch, and one block the stretches.</remarks>
public static unsafe partial class SumSquares
{
    private const int Stretch = 1 << 13;

    private static readonly GpuKernel stretches = new(Stretches, GpuBlock.Threads);
    private static readonly GpuKernel total = new(Total, GpuBlock.Threads);

    private static void SingleGpu(GpuDevice device, SumSquaresArgs args)
    {
        var blocks = Math.Max(1, (args.X.Count + Stretch - 1) / Stretch);
        using var scratch = new Scratch(device, blocks * sizeof(double));
        stretches.Launch(device, blocks, new GpuArguments().Put<float>(args.X).Put(scratch.F64, blocks));
        total.Launch(device, 1, new GpuArguments().Put(scratch.F64, blocks).Put<double>(args.Y));
    }

    private static void Stretches(ArrayView<float> x, ArrayView<double> partial)
    {
        var first = (long)Grid.IdxX * Stretch;
        var last = first + Stretch < x.Length ? first + Stretch : x.Length;
        double sum = 0;
        for (var i = first + Group.IdxX; i < last; i += GpuBlock.Threads)
        {
            double value = x[i];
            sum += value * value;
        }
        sum = GpuBlock.Sum(sum);
        if (Group.IdxX == 0) partial[Grid.IdxX] = sum;
    }

    private static void Total(ArrayView<double> partial, ArrayView<double> y)
    {
        double sum = 0;
        for (long i = Group.IdxX; i < partial.Length; i += GpuBlock.Threads) sum += partial[i];
        sum = GpuBlock.Sum(sum);
        if (Group.IdxX == 0) y[0] = sum;
    }
}
