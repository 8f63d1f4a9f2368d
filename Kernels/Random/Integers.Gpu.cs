using Diffract.Engine;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Diffract.Kernels;

/// <remarks>On a GPU a thread has one element.</remarks>
public static unsafe partial class Integers
{
    private static readonly GpuKernel numbers = new(Numbers);

    private static void RunGpu(GpuDevice device, RandomArgs args) =>
        numbers.LaunchFor(device, args.Y.Count, new GpuArguments().Put(args.State).Put<long>(args.Y)
            .Put((long)args.A).Put((ulong)((long)args.B - (long)args.A)));

    private static void Numbers(GeneratorState state, ArrayView<long> y, long low, ulong range)
    {
        var i = GpuThread.Index;
        if (i >= y.Length) return;
        var at = state.Offset + (ulong)(2 * i);
        var bits = GpuPhilox.Word(state, at) | ((ulong)GpuPhilox.Word(state, at + 1) << 32);
        CudaAsm.Emit("mul.hi.u64 %0, %1, %2;", out ulong above, bits, range);
        y[i] = low + (long)above;
    }
}
