using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class UpsampleNearest
{
    private static void ForwardSimd(CpuDevice device, UpsampleNearestArgs a) =>
        device.For(checked(a.Batch * a.Height), i =>
        {
            var x = a.X.F32 + (nint)i * a.Width * a.Channels;
            nint row = (nint)a.Width * a.Scale * a.Channels, bytes = (nint)a.Channels * sizeof(float);
            float* first = a.Y.F32 + i * a.Scale * row, y = first;
            for (var w = 0; w < a.Width; w++, x += a.Channels)
                for (var s = 0; s < a.Scale; s++, y += a.Channels) Buffer.MemoryCopy(x, y, bytes, bytes);
            for (var s = 1; s < a.Scale; s++)
                Buffer.MemoryCopy(first, first + s * row, row * sizeof(float), row * sizeof(float));
        });

    private static void BackwardSimd(CpuDevice device, UpsampleNearestArgs a) =>
        device.For(checked(a.Batch * a.Height), i =>
        {
            nint row = (nint)a.Width * a.Scale * a.Channels;
            var dy = a.Y.F32 + i * a.Scale * row;
            var dx = a.X.F32 + (nint)i * a.Width * a.Channels;
            for (var w = 0; w < a.Width; w++, dx += a.Channels, dy += (nint)a.Scale * a.Channels)
                SumSquare(dy, row, a.Scale, a.Channels, dx);
        });

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumSquare(float* dy, nint row, int scale, int channels, float* dx)
    {
        var c = 0;
        for (; c + 8 <= channels; c += 8) SumLane<WideLane>(dy + c, row, scale, channels, dx + c);
        for (; c < channels; c++) SumLane<FloatLane>(dy + c, row, scale, channels, dx + c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SumLane<T>(float* dy, nint row, int scale, nint channels, float* dx)
        where T : unmanaged, ILane<T>, ILaneMemory<T, float>
    {
        var sum = T.Of(0);
        for (var h = 0; h < scale; h++)
            for (var w = 0; w < scale; w++) sum += T.Load(dy + h * row + w * channels);
        T.Store(dx, sum);
    }
}
