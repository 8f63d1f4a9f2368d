using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU a thread has one channel of an output pixel, or, backward, of an input pixel.</remarks>
public static unsafe partial class UpsampleNearest
{
    private static class Gpu<T, TNumber> where T : unmanaged where TNumber : struct, IGpuFloat<T>
    {
        private static readonly GpuKernel forward = new(Copies), backward = new(Sums);

        public static void Forward(GpuDevice device, UpsampleNearestArgs a) => Launch(forward, device, a, a.Y.Count);

        public static void Backward(GpuDevice device, UpsampleNearestArgs a) =>
            Launch(backward, device, a, a.X.Count);

        private static void Launch(GpuKernel kernel, GpuDevice device, in UpsampleNearestArgs a, long items) =>
            kernel.LaunchFor(device, items, new GpuArguments().Put<T>(a.X).Put<T>(a.Y).Put(a.Width)
                .Put(a.Channels).Put(a.Scale));

        // Rows are counted through the whole batch, which divides as an image does.
        private static void Copies(ArrayView<T> x, ArrayView<T> y, int width, int channels, int scale)
        {
            var at = GpuThread.Index;
            if (at >= y.Length) return;
            long pixel = at / channels, c = at - pixel * channels, large = (long)width * scale, row = pixel / large;
            y[at] = x[((row / scale) * width + (pixel - row * large) / scale) * channels + c];
        }

        private static void Sums(ArrayView<T> dx, ArrayView<T> dy, int width, int channels, int scale)
        {
            var at = GpuThread.Index;
            if (at >= dx.Length) return;
            long pixel = at / channels, c = at - pixel * channels, row = pixel / width, column = pixel - row * width;
            float sum = 0;
            for (var h = 0; h < scale; h++)
                for (var w = 0; w < scale; w++)
                    sum += TNumber.ToSingle(
                        dy[((row * scale + h) * width * scale + column * scale + w) * channels + c]);
            dx[at] = TNumber.FromSingle(sum);
        }
    }
}
