using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Arguments of <see cref="ColumnSums.Kernel"/>.</summary>
/// <param name="X">[Rows, Columns].</param>
/// <param name="Sums">[Columns], overwritten; float32 for 16-bit columns.</param>
/// <param name="Rows">Rows: pixels or tokens of the whole batch.</param>
/// <param name="Columns">Columns: channels.</param>
public readonly record struct ColumnSumsArgs(View X, View Sums, long Rows, int Columns);

/// <summary>The sum of every column of a matrix: a bias's gradient.</summary>
public static unsafe partial class ColumnSums
{
    private const int LargestTask = 1024;

    /// <summary>Sums over the rows.</summary>
    public static readonly Kernel<ColumnSumsArgs> Kernel = new Kernel<ColumnSumsArgs>("columnsums")
        .OnCpu(DType.Float32, Single)
        .OnCpu(DType.Float64, Reference)
        .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Run)
        .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Run)
        .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Run);

    private static void Single(CpuDevice device, ColumnSumsArgs args)
    {
        var columns = args.Columns;
        var tasks = (int)Math.Max(1, (args.Rows + LargestTask - 1) / LargestTask);
        using var scratch = new Scratch(device, (long)tasks * columns * sizeof(float));
        var partial = scratch.F32;
        device.For(tasks, t =>
        {
            var sums = partial + (nint)t * columns;
            new Span<float>(sums, columns).Clear();
            var end = Math.Min(args.Rows, (t + 1L) * LargestTask);
            for (var row = (long)t * LargestTask; row < end; row++)
                Vectors.Add(sums, args.X.F32 + row * columns, columns);
        });
        Vectors.AddTree(partial, columns, tasks, columns);
        new Span<float>(partial, columns).CopyTo(new Span<float>(args.Sums.F32, columns));
    }

    private static void Reference(CpuDevice device, ColumnSumsArgs args) => device.For(args.Columns, c =>
    {
        double sum = 0;
        for (long row = 0; row < args.Rows; row++) sum += args.X.F64[row * args.Columns + c];
        args.Sums.F64[c] = sum;
    });
}
