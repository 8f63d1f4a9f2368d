using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class Conv2d
{
    private const int BiasRowsOfTask = 1024;

    private static void BiasGradientSimd(CpuDevice device, Conv2dBiasGradientArgs args)
    {
        var tasks = (int)Math.Max(1, (args.Rows + BiasRowsOfTask - 1) / BiasRowsOfTask);
        var columns = args.Columns;
        using var scratch = new Scratch(device, (long)tasks * columns * sizeof(float));
        var partial = scratch.F32;
        device.For(tasks, t =>
        {
            var sums = partial + (nint)t * columns;
            new Span<float>(sums, columns).Clear();
            var end = Math.Min(args.Rows, (t + 1L) * BiasRowsOfTask);
            for (var row = (long)t * BiasRowsOfTask; row < end; row++)
                Vectors.Add(sums, args.DY.F32 + row * columns, columns);
        });
        Vectors.AddTree(partial, columns, tasks, columns);
        new Span<float>(partial, columns).CopyTo(new Span<float>(args.DBias.F32, columns));
    }
}
