using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class Softmax
{
    private static void ForwardReference(CpuDevice device, SoftmaxArgs a)
    {
        for (long r = 0; r < a.Rows; r++)
        {
            double* x = a.X.F64 + r * a.Columns, y = a.Y.F64 + r * a.Columns;
            var top = double.NegativeInfinity;
            for (var c = 0; c < a.Columns; c++) top = Math.Max(top, x[c]);
            var sum = 0.0;
            for (var c = 0; c < a.Columns; c++) sum += Math.Exp(x[c] - top);
            for (var c = 0; c < a.Columns; c++) y[c] = Math.Exp(x[c] - top) / sum;
        }
    }

    private static void BackwardReference(CpuDevice device, SoftmaxBackwardArgs a)
    {
        for (long r = 0; r < a.Rows; r++)
        {
            double* y = a.Y.F64 + r * a.Columns, dy = a.Dy.F64 + r * a.Columns, dx = a.Dx.F64 + r * a.Columns;
            var dot = 0.0;
            for (var c = 0; c < a.Columns; c++) dot += y[c] * dy[c];
            for (var c = 0; c < a.Columns; c++) dx[c] = y[c] * (dy[c] - dot);
        }
    }
}
