using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU a block has a row to itself.</remarks>
public static unsafe partial class LogSoftmax
{
    private static readonly GpuKernel forward = new(ForwardRow, GpuBlock.Threads);
    private static readonly GpuKernel backward = new(BackwardRow, GpuBlock.Threads);

    private static void ForwardGpu(GpuDevice device, SoftmaxArgs a) => forward.Launch(device, a.Rows,
        new GpuArguments().Put<float>(a.X).Put<float>(a.Y).Put(a.Columns));

    private static void BackwardGpu(GpuDevice device, SoftmaxBackwardArgs a) => backward.Launch(device, a.Rows,
        new GpuArguments().Put<float>(a.Y).Put<float>(a.Dy).Put<float>(a.Dx).Put(a.Columns));

    private static void ForwardRow(ArrayView<float> x, ArrayView<float> y, int columns)
    {
        var row = (long)Grid.IdxX * columns;
        var top = GpuRows.Max(x, row, columns);
        var log = GpuLane.Log(GpuRows.SumOfExp(x, row, columns, top)).Value;
        for (var c = Group.IdxX; c < columns; c += GpuBlock.Threads) y[row + c] = x[row + c] - top - log;
    }

    private static void BackwardRow(ArrayView<float> y, ArrayView<float> dy, ArrayView<float> dx, int columns)
    {
        var row = (long)Grid.IdxX * columns;
        double own = 0;
        for (var c = Group.IdxX; c < columns; c += GpuBlock.Threads) own += dy[row + c];
        var sum = (float)GpuBlock.Sum(own);
        for (var c = Group.IdxX; c < columns; c += GpuBlock.Threads)
            dx[row + c] = dy[row + c] - GpuLane.Exp(y[row + c]).Value * sum;
    }
}
