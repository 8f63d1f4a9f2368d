using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU two small launches tabulate the taps of both axes. Then a thread has one channel of an output
/// pixel, or, backward, of an input pixel, which collects from the outputs that read it in their order.</remarks>
public static unsafe partial class ResizeBilinear
{
    private static class Gpu<T, TNumber> where T : unmanaged where TNumber : struct, IGpuFloat<T>
    {
        private static readonly GpuKernel sources = new(Sources), forward = new(ForwardPixels),
            backward = new(BackwardPixels);

        public static void Forward(GpuDevice device, ResizeBilinearArgs a) => Launch(forward, device, a, a.Y.Count);

        public static void Backward(GpuDevice device, ResizeBilinearArgs a) =>
            Launch(backward, device, a, a.X.Count);

        private static void Launch(GpuKernel kernel, GpuDevice device, in ResizeBilinearArgs a, long items)
        {
            using var memory = new Scratch(device, ((long)a.Rows.Out + a.Columns.Out) * sizeof(Tap));
            Tap* rows = memory.As<Tap>(), columns = rows + a.Rows.Out;
            Tabulate(device, a.Rows, rows);
            Tabulate(device, a.Columns, columns);
            kernel.LaunchFor(device, items, new GpuArguments().Put<T>(a.X).Put<T>(a.Y).Put(rows, a.Rows.Out)
                .Put(columns, a.Columns.Out).Put(a.Rows.In).Put(a.Columns.In).Put(a.Channels));
        }

        private static void Tabulate(GpuDevice device, ResizeAxis axis, Tap* taps) =>
            sources.LaunchFor(device, axis.Out,
                new GpuArguments().Put(taps, axis.Out).Put(axis.In).Put(axis.AlignCorners ? 1 : 0));

        // ResizeAxis.Source, whose struct has a truth value that a kernel does not take.
        private static void Sources(ArrayView<Tap> taps, int pixels, int alignCorners)
        {
            var output = GpuThread.Index;
            var outputs = taps.Length;
            if (output >= outputs) return;
            double position = 0;
            if (alignCorners == 0) position = (output + 0.5) * pixels / outputs - 0.5;
            else if (outputs > 1) position = output * (pixels - 1.0) / (outputs - 1);
            if (position < 0) position = 0;
            var pixel = (int)position;
            var next = (float)(position - pixel);
            if (pixel >= pixels - 1)
            {
                pixel = pixels - 1;
                next = 0;
            }
            taps[output] = new Tap(pixel, next);
        }

        private static void ForwardPixels(ArrayView<T> x, ArrayView<T> y, ArrayView<Tap> rows,
            ArrayView<Tap> columns, int height, int width, int channels)
        {
            var at = GpuThread.Index;
            if (at >= y.Length) return;
            long pixel = at / channels, c = at - pixel * channels, row = pixel / columns.Length, n = row / rows.Length;
            Tap vertical = rows[row - n * rows.Length], horizontal = columns[pixel - row * columns.Length];
            var upper = ((n * height + vertical.Pixel) * width + horizontal.Pixel) * channels + c;
            // A neighbour without weight need not be there.
            var lower = vertical.Next > 0 ? upper + (long)width * channels : upper;
            long right = horizontal.Next > 0 ? channels : 0;
            var top = Between(
                TNumber.ToSingle(x[upper]), TNumber.ToSingle(x[upper + right]), horizontal.Next);
            var bottom = Between(
                TNumber.ToSingle(x[lower]), TNumber.ToSingle(x[lower + right]), horizontal.Next);
            y[at] = TNumber.FromSingle(Between(top, bottom, vertical.Next));
        }

        private static void BackwardPixels(ArrayView<T> dx, ArrayView<T> dy, ArrayView<Tap> rows,
            ArrayView<Tap> columns, int height, int width, int channels)
        {
            var at = GpuThread.Index;
            if (at >= dx.Length) return;
            long pixel = at / channels, c = at - pixel * channels, row = pixel / width, n = row / height;
            int h = (int)(row - n * height), w = (int)(pixel - row * width);
            long bottom = Before(rows, h + 1), left = Before(columns, w - 1), right = Before(columns, w + 1);
            float sum = 0;
            for (var oh = Before(rows, h - 1); oh < bottom; oh++)
            {
                var vertical = rows[oh];
                for (var ow = left; ow < right; ow++)
                {
                    var horizontal = columns[ow];
                    var weight = vertical.WeightOf(h) * horizontal.WeightOf(w);
                    // What was not read passes no infinity back.
                    if (weight != 0)
                        sum = GpuLane.MultiplyAdd(TNumber.ToSingle(
                            dy[((n * rows.Length + oh) * columns.Length + ow) * channels + c]), weight, sum);
                }
            }
            dx[at] = TNumber.FromSingle(sum);
        }

        private static float Between(float a, float b, float share) => GpuLane.MultiplyAdd(b, share, a * (1 - share));

        // How many outputs have their tap before a pixel: positions rise with the outputs.
        private static long Before(ArrayView<Tap> taps, int pixel)
        {
            long low = 0, high = taps.Length;
            while (low < high)
            {
                var middle = (low + high) / 2;
                var tap = taps[middle];
                if (tap.Pixel < pixel) low = middle + 1;
                else high = middle;
            }
            return low;
        }
    }
}
