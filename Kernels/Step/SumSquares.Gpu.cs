using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU a block adds up a stretch, and one block the stretches.</remarks>
public static unsafe partial class SumSquares
{
    private static readonly GpuKernel stretches = new(Stretches, GpuBlock.Threads);
    private static readonly GpuKernel stretchesOfMany = new(StretchesOfMany, GpuBlock.Threads);
    private static readonly GpuKernel totals = new(Totals, GpuBlock.Threads);
    private static readonly GpuKernel total = new(Total, GpuBlock.Threads);

    private static void SingleGpu(GpuDevice device, SumSquaresArgs args)
    {
        var blocks = Math.Max(1, (args.X.Count + StretchTable.Length - 1) / StretchTable.Length);
        using var scratch = new Scratch(device, blocks * sizeof(double));
        stretches.Launch(device, blocks, new GpuArguments().Put<float>(args.X).Put(scratch.F64, blocks));
        total.Launch(device, 1, new GpuArguments().Put(scratch.F64, blocks).Put<double>(args.Y));
    }

    private static void TogetherGpu(GpuDevice device, Many<SumSquaresArgs> args)
    {
        var table = args.Table;
        table.Fill(device, args.Each, static a => (a.X, default, default, default));
        using var scratch = new Scratch(device, table.Count * sizeof(double));
        stretchesOfMany.Launch(device, table.Count, table.Arguments().Put(scratch.F64, table.Count));
        totals.Launch(device, table.Sets, new GpuArguments().Put(scratch.F64, table.Count)
            .Put(table.Firsts, table.Sets + 1).Put(args.Each[0].Y.F64, table.Sets));
    }

    private static void StretchesOfMany(
        ArrayView<Stretch> stretches, ArrayView<float> memory, ArrayView<double> partial)
    {
        var at = stretches[Grid.IdxX];
        SumStretch(memory, at.A, at.A + at.Count, partial);
    }

    private static void Totals(ArrayView<double> partial, ArrayView<long> firsts, ArrayView<double> y) =>
        SumPartial(partial, firsts[Grid.IdxX], firsts[Grid.IdxX + 1], y, Grid.IdxX);

    private static void Stretches(ArrayView<float> x, ArrayView<double> partial)
    {
        var first = (long)Grid.IdxX * StretchTable.Length;
        var last = first + StretchTable.Length < x.Length ? first + StretchTable.Length : x.Length;
        SumStretch(x, first, last, partial);
    }

    private static void SumStretch(ArrayView<float> x, long first, long last, ArrayView<double> partial)
    {
        double sum = 0;
        for (var i = first + Group.IdxX; i < last; i += GpuBlock.Threads)
        {
            double value = x[i];
            sum += value * value;
        }
        sum = GpuBlock.Sum(sum);
        if (Group.IdxX == 0) partial[Grid.IdxX] = sum;
    }

    private static void Total(ArrayView<double> partial, ArrayView<double> y) =>
        SumPartial(partial, 0, partial.Length, y, 0);

    private static void SumPartial(ArrayView<double> partial, long first, long last, ArrayView<double> y, int at)
    {
        double sum = 0;
        for (var i = first + Group.IdxX; i < last; i += GpuBlock.Threads) sum += partial[i];
        sum = GpuBlock.Sum(sum);
        if (Group.IdxX == 0) y[at] = sum;
    }
}
