using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU a thread has one element.</remarks>
public static unsafe partial class TimestepSinusoids
{
    private static readonly GpuKernel waves = new(Waves);

    private static void FillGpu(GpuDevice device, TimestepSinusoidsArgs a) =>
        waves.LaunchFor(device, (long)a.Count * a.Width, new GpuArguments().Put<float>(a.Timesteps).Put<float>(a.Y)
            .Put(a.Count).Put(a.Width).Put((float)-Math.Log(a.MaxPeriod)));

    private static void Waves(ArrayView<float> timesteps, ArrayView<float> y, int count, int width, float rate)
    {
        var at = GpuThread.Index;
        if (at >= (long)count * width) return;
        var n = at / width;
        int c = (int)(at - n * width), half = width / 2;
        if (c == 2 * half)
        {
            y[at] = 0;
            return;
        }
        var i = c < half ? c : c - half;
        var argument = timesteps[n] * ExpGpu(rate * i / half);
        GpuMath.SinCos(argument, out var sin, out var cos);
        y[at] = (float)(c < half ? cos : sin);
    }

    // Exp with the instructions of a GPU: the same roundings, for exponents that leave the result a normal number.
    private static float ExpGpu(float x)
    {
        var q = GpuLane.Round(x * 1.442695040888963407f);
        var s = GpuLane.MultiplyAdd(q, -0.693145751953125f, x);
        s = GpuLane.MultiplyAdd(q, -1.428606765330187045e-6f, s);
        var u = GpuLane.MultiplyAdd(0.000198527617612853646f, s, 0.00139304355252534f);
        u = GpuLane.MultiplyAdd(u, s, 0.00833336077630520f);
        u = GpuLane.MultiplyAdd(u, s, 0.0416664853692055f);
        u = GpuLane.MultiplyAdd(u, s, 0.166666671633720f);
        u = GpuLane.MultiplyAdd(u, s, 0.5f);
        return (GpuLane.MultiplyAdd(s * s, u, s) + 1f) * GpuLane.PowerOfTwo(q);
    }
}
