using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU a thread has two pairs of words.</remarks>
public static unsafe partial class Normal
{
    private static readonly GpuKernel numbers = new(Numbers);

    private static void RunGpu(GpuDevice device, RandomArgs args) =>
        numbers.LaunchFor(device, GpuPhilox.Threads(args.State, args.Y.Count), new GpuArguments().Put(args.State)
            .Put<float>(args.Y).Put((float)args.A).Put((float)args.B));

    private static void Numbers(GeneratorState state, ArrayView<float> y, float mean, float deviation)
    {
        var thread = GpuThread.Index;
        var first = GpuPhilox.First(state, thread);
        if (first >= y.Length) return;
        var (w0, w1, w2, w3) = GpuPhilox.Words(state, thread);
        PutPair(y, first, U(w0), V(w1), mean, deviation);
        PutPair(y, first + 2, U(w2), V(w3), mean, deviation);
    }

    private static void PutPair(ArrayView<float> y, long element, float u, float v, float mean, float deviation)
    {
        var radius = deviation * GpuLane.Sqrt(-2f * GpuLane.Log(u)).Value;
        var (sin, cos) = LaneMath.SinCosTurns<GpuLane>(v);
        GpuPhilox.Put(y, element, GpuLane.MultiplyAdd(radius, cos, mean));
        GpuPhilox.Put(y, element + 1, GpuLane.MultiplyAdd(radius, sin, mean));
    }
}
