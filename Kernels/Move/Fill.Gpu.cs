using System.Numerics;
using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class Fill
{
    private static void NumberGpu<T>(GpuDevice device, FillArgs args) where T : unmanaged, INumber<T> =>
        RunGpu(device, args, T.CreateSaturating(args.Value));

    private static void RunGpu<T>(GpuDevice device, FillArgs args, T value) where T : unmanaged =>
        Gpu<T>.Kernel.LaunchFor(device, args.Y.Count, new GpuArguments().Put<T>(args.Y).Put(value));

    private static class Gpu<T> where T : unmanaged
    {
        public static readonly GpuKernel Kernel = new(Set);

        private static void Set(ArrayView<T> y, T value)
        {
            var i = GpuThread.Index;
            if (i < y.Length) y[i] = value;
        }
    }
}
