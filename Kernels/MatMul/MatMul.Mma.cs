using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class MatMul
{
    /// <summary>On the tensor cores.</summary>
    /// <param name="device">The device, of compute capability 8.0 or later.</param>
    /// <param name="args">Operands of the numbers' type; the result may be float32, and the bias too.</param>
    /// <param name="numbers">What is multiplied.</param>
    /// <param name="tile">How it is cut; by the shape when null.</param>
    internal static void RunMma(GpuDevice device, in MatMulArgs args, MmaNumbers numbers, MmaTile? tile = null)
    {
        if (args.Rows == 0 || args.Columns == 0 || args.Batch == 0) return;
        var (leadA, leadB) = (args.TransposeA ? args.Rows : args.Depth, args.TransposeB ? args.Depth : args.Columns);
        var (wideA, wideB) = (MmaChoice.IsWide(numbers, args.A, leadA, args.StepA),
            MmaChoice.IsWide(numbers, args.B, leadB, args.StepB));
        var cut = tile ?? MmaChoice.Tile(numbers, wideA && wideB, args.Rows, args.Columns, 1, args.Batch);
        var variant = new MmaVariant(numbers, args.TransposeA ? MmaSource.Columns : MmaSource.Rows,
            args.TransposeB ? MmaSource.Rows : MmaSource.Columns, wideA, wideB, false, args.C.DType, cut);
        var slices = (args.Depth + variant.Slice - 1) / variant.Slice;
        var sizes = new MmaSizes
        {
            Left = new() { Step = args.StepA, Lead = leadA, Depth = args.Depth },
            Right = new() { Step = args.StepB, Lead = leadB, Depth = args.Depth },
            StepResult = args.StepC,
            LeadResult = args.Columns,
            Rows = args.Rows,
            Columns = args.Columns,
            Segments = 1,
            Slices = slices,
            HalfBias = args.Bias.Exists && args.Bias.DType != DType.Float32 ? 1 : 0,
            Alpha = args.Alpha,
            Beta = args.Beta,
        };
        var isContiguous = args.Batch == 1 || args.StepC == (long)args.Rows * args.Columns;
        MmaProduct.Run(device, variant, sizes, args.Batch, isContiguous ? MmaChoice.Parts(cut, sizes, args.Batch) : 1,
            args.A, args.B, args.C, args.Bias, args.Residual, args.Sums);
    }
}
