using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU: the same bits.</remarks>
public static unsafe partial class Dropout
{
    private static class Gpu<T, TNumber> where T : unmanaged where TNumber : struct, IGpuFloat<T>
    {
        private static readonly GpuKernel drop = new(DropWords);

        public static void Run(GpuDevice device, DropoutArgs args) =>
            drop.LaunchFor(device, GpuPhilox.Threads(args.State, args.Y.Count), new GpuArguments().Put(args.State)
                .Put<T>(args.X).Put<T>(args.Y).Put((int)Math.Ceiling(args.P / Uniform.ToUnit))
                .Put((float)(1 / (1 - args.P))));

        private static void DropWords(
            GeneratorState state, ArrayView<T> x, ArrayView<T> y, int least, float scale)
        {
            var thread = GpuThread.Index;
            var first = GpuPhilox.First(state, thread);
            if (first >= y.Length) return;
            var (w0, w1, w2, w3) = GpuPhilox.Words(state, thread);
            DropOne(x, y, first, w0, least, scale);
            DropOne(x, y, first + 1, w1, least, scale);
            DropOne(x, y, first + 2, w2, least, scale);
            DropOne(x, y, first + 3, w3, least, scale);
        }

        private static void DropOne(
            ArrayView<T> x, ArrayView<T> y, long element, uint word, int least, float scale)
        {
            if (element < 0 || element >= y.Length) return;
            y[element] = TNumber.FromSingle((int)(word >> 8) >= least ? TNumber.ToSingle(x[element]) * scale : 0);
        }
    }
}
