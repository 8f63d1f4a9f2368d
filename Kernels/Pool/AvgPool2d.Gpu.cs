using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU a thread has one channel of a window, or, backward, of an input pixel, which collects from the
/// windows that cover it in their order.</remarks>
public static unsafe partial class AvgPool2d
{
    private static class Gpu<T, TNumber> where T : unmanaged where TNumber : struct, IGpuFloat<T>
    {
        private static readonly GpuKernel forward = new(Means), backward = new(Shares);

        public static void Forward(GpuDevice device, AvgPool2dArgs a) => Launch(forward, device, a, a.Y.Count);

        public static void Backward(GpuDevice device, AvgPool2dArgs a) => Launch(backward, device, a, a.X.Count);

        private static void Launch(GpuKernel kernel, GpuDevice device, in AvgPool2dArgs a, long items) =>
            kernel.LaunchFor(device, items, new GpuArguments().Put<T>(a.X).Put<T>(a.Y).Put(a.Channels)
                .Put(a.Rows).Put(a.Columns));

        private static void Means(
            ArrayView<T> x, ArrayView<T> y, int channels, PoolAxis rows, PoolAxis columns)
        {
            var at = GpuThread.Index;
            if (at >= y.Length) return;
            long pixel = at / channels, c = at - pixel * channels, row = pixel / columns.Out, n = row / rows.Out;
            int oh = (int)(row - n * rows.Out), ow = (int)(pixel - row * columns.Out);
            int bottom = rows.End(oh), left = columns.Start(ow), right = columns.End(ow);
            float sum = 0;
            for (var h = rows.Start(oh); h < bottom; h++)
                for (var w = left; w < right; w++)
                    sum += TNumber.ToSingle(x[((n * rows.In + h) * columns.In + w) * channels + c]);
            y[at] = TNumber.FromSingle(sum * (1f / ((float)rows.Divisor(oh) * columns.Divisor(ow))));
        }

        private static void Shares(
            ArrayView<T> dx, ArrayView<T> dy, int channels, PoolAxis rows, PoolAxis columns)
        {
            var at = GpuThread.Index;
            if (at >= dx.Length) return;
            long pixel = at / channels, c = at - pixel * channels, row = pixel / columns.In, n = row / rows.In;
            int h = (int)(row - n * rows.In), w = (int)(pixel - row * columns.In);
            int bottom = rows.EndWindow(h), left = columns.FirstWindow(w), right = columns.EndWindow(w);
            float sum = 0;
            for (var oh = rows.FirstWindow(h); oh < bottom; oh++)
                for (var ow = left; ow < right; ow++)
                    sum = GpuLane.MultiplyAdd(
                        TNumber.ToSingle(dy[((n * rows.Out + oh) * columns.Out + ow) * channels + c]),
                        1f / ((float)rows.Divisor(oh) * columns.Divisor(ow)), sum);
            dx[at] = TNumber.FromSingle(sum);
        }
    }
}
