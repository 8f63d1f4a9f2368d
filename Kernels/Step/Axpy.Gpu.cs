using Diffract.Engine;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Diffract.Kernels;

public static unsafe partial class Axpy
{
    private static readonly GpuKernel add = new(Add);

    private static void SingleGpu(GpuDevice device, AxpyArgs args) =>
        add.LaunchFor(device, args.Y.Count,
            new GpuArguments().Put<float>(args.X).Put<float>(args.Y).Put((float)args.Alpha));

    private static void NarrowGpu<TNumber>(GpuDevice device, AxpyArgs args)
        where TNumber : struct, IGpuNumber<ushort> =>
        Narrow<TNumber>.AddKernel.LaunchFor(device, args.Y.Count,
            new GpuArguments().Put<ushort>(args.X).Put<ushort>(args.Y).Put((float)args.Alpha));

    private static void Add(ArrayView<float> x, ArrayView<float> y, float alpha)
    {
        var i = GpuThread.Index;
        if (i < y.Length) y[i] = GpuLane.MultiplyAdd(alpha, x[i], y[i]);
    }

    private static class Narrow<TNumber> where TNumber : struct, IGpuNumber<ushort>
    {
        public static readonly GpuKernel AddKernel = new(AddRounded);

        // The product is asked for by name, so that it is rounded as on the CPU.
        private static void AddRounded(ArrayView<ushort> x, ArrayView<ushort> y, float alpha)
        {
            var i = GpuThread.Index;
            if (i >= y.Length) return;
            CudaAsm.Emit("mul.rn.f32 %0, %1, %2;", out float product, alpha, (float)TNumber.ToDouble(x[i]));
            y[i] = TNumber.FromDouble(product + (float)TNumber.ToDouble(y[i]));
        }
    }
}
