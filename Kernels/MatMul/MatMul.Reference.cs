using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class MatMul
{
    private static void RunReference(CpuDevice device, MatMulArgs args) => device.For(args.Batch, n =>
    {
        double* a = args.A.F64 + n * args.StepA, b = args.B.F64 + n * args.StepB, c = args.C.F64 + n * args.StepC;
        var residual = args.Residual.Exists ? args.Residual.F64 + n * args.StepC : null;
        var (rows, columns, depth) = ((long)args.Rows, (long)args.Columns, (long)args.Depth);
        for (long i = 0; i < rows; i++)
        {
            for (long j = 0; j < columns; j++)
            {
                double sum = 0;
                for (long k = 0; k < depth; k++)
                    sum += (args.TransposeA ? a[k * rows + i] : a[i * depth + k])
                        * (args.TransposeB ? b[j * depth + k] : b[k * columns + j]);
                var at = i * columns + j;
                var value = args.Alpha * sum;
                if (args.Beta != 0) value += args.Beta * c[at];
                if (args.Bias.Exists) value += args.Bias.F64[j];
                if (residual is not null) value += residual[at];
                c[at] = value;
            }
        }
    });
}
