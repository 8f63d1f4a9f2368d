using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class LogSoftmax
{
    private static void ForwardSimd(CpuDevice device, SoftmaxArgs a) => device.ForRows(a.Rows, a.Columns, row =>
    {
        float* x = a.X.F32 + row * a.Columns, y = a.Y.F32 + row * a.Columns;
        var top = RowMath.Largest(x, a.Columns);
        Shift(x, y, a.Columns, top, (float)Math.Log(RowMath.Exponentials(x, null, a.Columns, top)));
    });

    private static void BackwardSimd(CpuDevice device, SoftmaxBackwardArgs a) =>
        device.ForRows(a.Rows, a.Columns, row =>
        {
            float* y = a.Y.F32 + row * a.Columns, dy = a.Dy.F32 + row * a.Columns;
            Gradient(y, dy, a.Dx.F32 + row * a.Columns, a.Columns, (float)RowSum.Of(dy, a.Columns));
        });

    // x - top is exact for the elements that matter, those near the largest.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Shift(float* x, float* y, int count, float top, float logSum)
    {
        var i = 0;
        for (; i + 8 <= count; i += 8)
            WideLane.Store(y + i, WideLane.Load(x + i) - WideLane.Of(top) - WideLane.Of(logSum));
        for (; i < count; i++) y[i] = x[i] - top - logSum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gradient(float* y, float* dy, float* dx, int count, float sum)
    {
        var i = 0;
        for (; i + 8 <= count; i += 8) GradientLane<WideLane>(y + i, dy + i, dx + i, sum);
        for (; i < count; i++) GradientLane<FloatLane>(y + i, dy + i, dx + i, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void GradientLane<T>(float* y, float* dy, float* dx, float sum)
        where T : unmanaged, IFloatLane<T>, ILaneMemory<T, float> =>
        T.Store(dx, T.MultiplyAdd(LaneMath.ExpFlushed(T.Load(y)), T.Of(-sum), T.Load(dy)));
}
