using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class Softmax
{
    private static void ForwardSimd(CpuDevice device, SoftmaxArgs a) => device.ForRows(a.Rows, a.Columns, row =>
    {
        float* x = a.X.F32 + row * a.Columns, y = a.Y.F32 + row * a.Columns;
        var sum = RowMath.Exponentials(x, y, a.Columns, RowMath.Largest(x, a.Columns));
        Divide(y, a.Columns, (float)(1 / sum));
    });

    private static void BackwardSimd(CpuDevice device, SoftmaxBackwardArgs a) =>
        device.ForRows(a.Rows, a.Columns, row =>
        {
            float* y = a.Y.F32 + row * a.Columns, dy = a.Dy.F32 + row * a.Columns;
            Gradient(y, dy, a.Dx.F32 + row * a.Columns, a.Columns, (float)RowSum.OfProducts(y, dy, a.Columns));
        });

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Divide(float* y, int count, float factor)
    {
        var i = 0;
        for (; i + 8 <= count; i += 8) WideLane.Store(y + i, WideLane.Load(y + i) * WideLane.Of(factor));
        for (; i < count; i++) y[i] *= factor;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gradient(float* y, float* dy, float* dx, int count, float dot)
    {
        var i = 0;
        for (; i + 8 <= count; i += 8)
            WideLane.Store(dx + i, WideLane.Load(y + i) * (WideLane.Load(dy + i) - WideLane.Of(dot)));
        for (; i < count; i++) dx[i] = y[i] * (dy[i] - dot);
    }
}
