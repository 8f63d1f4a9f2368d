using System.Numerics;
using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class TopK
{
    private static void RunGpu<T>(GpuDevice device, TopKArgs args) where T : unmanaged, INumber<T> =>
        Gpu<T>.Kernel.LaunchFor(device, args.Outer * args.Inner, new GpuArguments().Put<T>(args.X)
            .Put<T>(args.Values).Put<long>(args.Indices).Put(args.K).Put(args.Outer).Put(args.Length).Put(args.Inner));

    private static class Gpu<T> where T : unmanaged, INumber<T>
    {
        public static readonly GpuKernel Kernel = new(Best);

        // The list of the best so far stays in order: a candidate moves up past those it comes before.
        private static void Best(ArrayView<T> x, ArrayView<T> values, ArrayView<long> indices, long count, long outer,
            long length, long inner)
        {
            var column = GpuThread.Index;
            if (column >= outer * inner) return;
            long o = column / inner, i = column - o * inner, found = 0;
            for (long n = 0; n < length; n++)
            {
                var candidate = x[(o * length + n) * inner + i];
                var at = found;
                while (at > 0 && Largest.Beats(candidate, values[(o * count + at - 1) * inner + i]))
                {
                    if (at < count)
                    {
                        values[(o * count + at) * inner + i] = values[(o * count + at - 1) * inner + i];
                        indices[(o * count + at) * inner + i] = indices[(o * count + at - 1) * inner + i];
                    }
                    at--;
                }
                if (at < count)
                {
                    values[(o * count + at) * inner + i] = candidate;
                    indices[(o * count + at) * inner + i] = n;
                }
                if (found < count) found++;
            }
        }
    }
}
