using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class MatMul
{
    // Below this many multiply-adds a product of a batch is one task, which packs for itself.
    private const long OneTaskWork = 1 << 22;

    private static void PackSimd(CpuDevice device, MatMulPackArgs args)
    {
        var (depth, columns, transposed) = args.Form;
        Gemm.Pack(device, args.B.F32, transposed ? depth : columns, transposed, depth, columns, args.Packed.F32);
    }

    private static void RunSimd(CpuDevice device, MatMulArgs args)
    {
        if (args.Rows == 0 || args.Columns == 0 || args.Batch == 0) return;
        args = Fold(args);
        var work = (long)args.Rows * args.Columns * args.Depth;
        if (args.Batch == 1) Large(device, args, 0);
        else if (work <= OneTaskWork && !args.PackedB.Exists) Small(device, args);
        else for (var n = 0; n < args.Batch; n++) Large(device, args, n);
    }

    // One B for all entries, and rows that follow one another: the batch is a taller matrix.
    private static MatMulArgs Fold(MatMulArgs args)
    {
        var (a, c) = ((long)args.Rows * args.Depth, (long)args.Rows * args.Columns);
        var sameB = args.StepB == 0 || args.PackedB.Exists;
        if (args.Batch == 1 || !sameB || args.TransposeA || args.StepA != a || args.StepC != c) return args;
        var rows = (long)args.Rows * args.Batch;
        return rows > int.MaxValue ? args : args with { Rows = (int)rows, Batch = 1 };
    }

    private static void Large(CpuDevice device, MatMulArgs args, int n)
    {
        float* a = args.A.F32 + n * args.StepA, b = args.B.F32 + n * args.StepB;
        var (target, finish) = Output(args, n);
        if (args.PackedB.Exists)
        {
            Multiply(device, args, a, args.PackedB.F32, target, finish);
            return;
        }
        if (!args.TransposeA && args.TransposeB && args.Rows <= FewRows.MostDots)
        {
            FewRows.Dots(device, a, b, args.Rows, args.Columns, args.Depth, target, finish);
            return;
        }
        if (!args.TransposeA && !args.TransposeB && args.Rows <= FewRows.MostPanels)
        {
            FewRows.Panels(device, a, b, args.Rows, args.Columns, args.Depth, target, finish);
            return;
        }
        if (args.TransposeA && !args.TransposeB && args.Depth >= 4L * Math.Max(args.Rows, args.Columns))
        {
            Long(device, args, a, b, target, finish);
            return;
        }
        if (!args.TransposeA && WideProduct.Fits(args))
        {
            WideProduct.Run(device, args, new LeftRows(a, args.Depth), b, target, finish);
            return;
        }
        using var packed = new Scratch(device, new MatMulForm(args.Depth, args.Columns, args.TransposeB).Bytes);
        Gemm.Pack(device, b, args.TransposeB ? args.Depth : args.Columns, args.TransposeB, args.Depth, args.Columns,
            packed.F32);
        Multiply(device, args, a, packed.F32, target, finish);
    }

    private static void Long(CpuDevice device, in MatMulArgs args, float* a, float* b, TargetRows target,
        RowFinish finish) =>
        LongProduct.Run(device, a, args.Rows, args.Rows, new LeftRows(b, args.Columns), args.Columns, args.Depth,
            (row, column, count, sums) =>
            {
                var y = target.Row(row, out var residual);
                finish.Write(sums, column, count, y + column, residual is null ? null : residual + column);
            });

    private static void Multiply(CpuDevice device, in MatMulArgs args, float* a, float* packed, TargetRows target,
        RowFinish finish)
    {
        if (args.TransposeA)
            Gemm.Run(device, new LeftColumns(a, args.Rows), args.Rows, packed, args.Depth, args.Columns, target,
                finish);
        else Gemm.Run(device, new LeftRows(a, args.Depth), args.Rows, packed, args.Depth, args.Columns, target, finish);
    }

    private static void Small(CpuDevice device, MatMulArgs args) => device.For(args.Batch, n =>
    {
        float* a = args.A.F32 + n * args.StepA, b = args.B.F32 + n * args.StepB;
        var (target, finish) = Output(args, n);
        using var packed = new Scratch(device, new MatMulForm(args.Depth, args.Columns, args.TransposeB).Bytes);
        for (var p = 0; p < Panels.Count(args.Columns); p++)
            Panels.Pack(b, args.TransposeB ? args.Depth : args.Columns, args.TransposeB, args.Depth, args.Columns, p,
                packed.F32 + (nint)p * args.Depth * Tile.Columns);
        Multiply(device, args, a, packed.F32, target, finish);
    });

    private static (TargetRows Target, RowFinish Finish) Output(in MatMulArgs args, int n) => (
        new TargetRows(args.C.F32 + n * args.StepC, args.Columns,
            args.Residual.Exists ? args.Residual.F32 + n * args.StepC : null),
        new RowFinish(args.Bias.F32, args.Alpha, args.Beta));
}
