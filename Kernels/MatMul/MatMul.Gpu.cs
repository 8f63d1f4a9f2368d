using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class MatMul
{
    private static void RunGpu(GpuDevice device, MatMulArgs args)
    {
        if (MmaNumbersFacts.Of(device, args.A.DType) is { } numbers)
        {
            RunMma(device, args, numbers);
            return;
        }
        if (args.Rows == 0 || args.Columns == 0 || args.Batch == 0) return;
        var shape = new GpuMatrices(
            args.TransposeA ? 1 : args.Depth, args.TransposeA ? args.Rows : 1,
            args.TransposeB ? 1 : args.Columns, args.TransposeB ? args.Depth : 1,
            args.StepA, args.StepB, args.StepC, args.Columns);
        var size = new GpuProductSize(
            args.Rows, args.Columns, args.Depth, Math.Max(1, args.Depth), 1, args.Alpha, args.Beta);
        GpuProduct<GpuMatrices, GpuMatrices>.Run(
            device, args.A, args.B, args.C, args.Bias, args.Residual, size, shape, args.Batch);
    }

    // Distances of neighbours along the rows, the depth and the columns, and of the batch's entries.
    private readonly record struct GpuMatrices(long RowA, long DepthA, long DepthB, long ColumnB, long StepA,
        long StepB, long StepC, long RowC) : IGpuOperands<GpuMatrices>
    {
        public static float Left(ArrayView<float> a, GpuMatrices s, int z, long row, long k) =>
            a[z * s.StepA + row * s.RowA + k * s.DepthA];

        public static float Right(ArrayView<float> b, GpuMatrices s, int z, long k, long column) =>
            b[z * s.StepB + k * s.DepthB + column * s.ColumnB];

        public static long Place(GpuMatrices s, int z, long row, long column) => z * s.StepC + row * s.RowC + column;

        public static long Bias(GpuMatrices s, int z, long column) => column;
    }
}
