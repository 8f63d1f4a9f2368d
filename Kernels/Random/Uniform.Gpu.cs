using Diffract.Engine;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Diffract.Kernels;

/// <remarks>On a GPU: the same bits.</remarks>
public static unsafe partial class Uniform
{
    private static readonly GpuKernel numbers = new(Numbers);

    private static void RunGpu(GpuDevice device, RandomArgs args) =>
        numbers.LaunchFor(device, GpuPhilox.Threads(args.State, args.Y.Count), new GpuArguments().Put(args.State)
            .Put<float>(args.Y).Put(args.A).Put(args.B - args.A));

    private static void Numbers(GeneratorState state, ArrayView<float> y, double low, double range)
    {
        var thread = GpuThread.Index;
        var first = GpuPhilox.First(state, thread);
        if (first >= y.Length) return;
        var (w0, w1, w2, w3) = GpuPhilox.Words(state, thread);
        GpuPhilox.Put(y, first, Number(w0, low, range));
        GpuPhilox.Put(y, first + 1, Number(w1, low, range));
        GpuPhilox.Put(y, first + 2, Number(w2, low, range));
        GpuPhilox.Put(y, first + 3, Number(w3, low, range));
    }

    // The product is asked for by name: the assembler would round it together with the sum.
    private static float Number(uint word, double low, double range)
    {
        CudaAsm.Emit("mul.rn.f64 %0, %1, %2;", out double above, range, (int)(word >> 8) * ToUnit);
        return (float)(low + above);
    }
}
