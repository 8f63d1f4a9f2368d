using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU a thread has one channel of a window, or, backward, of an input pixel, which collects from the
/// windows that cover it in their order.</remarks>
public static unsafe partial class MaxPool2d
{
    private static class Gpu<T, TNumber> where T : unmanaged where TNumber : struct, IGpuFloat<T>
    {
        // Larger bits, but for the sign, are those of NaN.
        private const uint InfinityBits = 0x7F800000;

        private static readonly GpuKernel forward = new(Maxima), backward = new(Collect);

        public static void Forward(GpuDevice device, MaxPool2dArgs a) => Launch(forward, device, a, a.Y.Count);

        public static void Backward(GpuDevice device, MaxPool2dArgs a) => Launch(backward, device, a, a.X.Count);

        private static void Launch(GpuKernel kernel, GpuDevice device, in MaxPool2dArgs a, long items) =>
            kernel.LaunchFor(device, items, new GpuArguments().Put<T>(a.X).Put<T>(a.Y).Put<int>(a.Index)
                .Put(a.Channels).Put(a.Rows).Put(a.Columns));

        private static void Maxima(ArrayView<T> x, ArrayView<T> y, ArrayView<int> index, int channels,
            PoolAxis rows, PoolAxis columns)
        {
            var at = GpuThread.Index;
            if (at >= y.Length) return;
            long window = at / channels, c = at - window * channels, row = window / columns.Out, n = row / rows.Out;
            int oh = (int)(row - n * rows.Out), ow = (int)(window - row * columns.Out);
            int top = rows.Start(oh), bottom = rows.End(oh), left = columns.Start(ow), right = columns.End(ow);
            var image = n * rows.In * columns.In * channels + c;
            var place = top * columns.In + left;
            var best = float.NegativeInfinity;
            for (var h = top; h < bottom; h++)
            {
                for (var w = left; w < right; w++)
                {
                    var pixel = h * columns.In + w;
                    var value = TNumber.ToSingle(x[image + (long)pixel * channels]);
                    if (value > best || (Interop.FloatAsInt(value) & 0x7FFFFFFF) > InfinityBits)
                    {
                        best = value;
                        place = pixel;
                    }
                }
            }
            y[at] = TNumber.FromSingle(best);
            index[at] = place;
        }

        private static void Collect(ArrayView<T> dx, ArrayView<T> dy, ArrayView<int> index, int channels,
            PoolAxis rows, PoolAxis columns)
        {
            var at = GpuThread.Index;
            if (at >= dx.Length) return;
            long pixel = at / channels, c = at - pixel * channels, row = pixel / columns.In, n = row / rows.In;
            int h = (int)(row - n * rows.In), w = (int)(pixel - row * columns.In), own = h * columns.In + w;
            int bottom = rows.EndWindow(h), left = columns.FirstWindow(w), right = columns.EndWindow(w);
            float sum = 0;
            for (var oh = rows.FirstWindow(h); oh < bottom; oh++)
            {
                for (var ow = left; ow < right; ow++)
                {
                    var window = ((n * rows.Out + oh) * columns.Out + ow) * channels + c;
                    if (index[window] == own) sum += TNumber.ToSingle(dy[window]);
                }
            }
            dx[at] = TNumber.FromSingle(sum);
        }
    }
}
