using System.Numerics;
using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class Pick<TFormula>
{
    private static void RunGpu<T>(GpuDevice device, PickArgs args) where T : unmanaged, INumber<T> =>
        Gpu<T>.Kernel.LaunchFor(device, args.Outer * args.Inner, new GpuArguments().Put<T>(args.X)
            .Put<T>(args.Values).Put<long>(args.Indices).Put(args.Length).Put(args.Inner));

    private static class Gpu<T> where T : unmanaged, INumber<T>
    {
        public static readonly GpuKernel Kernel = new(Winner);

        private static void Winner(
            ArrayView<T> x, ArrayView<T> values, ArrayView<long> indices, long length, long inner)
        {
            var result = GpuThread.Index;
            if (result >= indices.Length) return;
            long o = result / inner, i = result - o * inner, place = 0;
            var best = x[o * length * inner + i];
            for (long n = 1; n < length; n++)
            {
                var candidate = x[(o * length + n) * inner + i];
                if (!TFormula.Beats(candidate, best)) continue;
                best = candidate;
                place = n;
            }
            if (values.Length > 0) values[result] = best;
            indices[result] = place;
        }
    }
}
