using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>Arithmetic on the channels of single pixels.</summary>
internal static unsafe class PixelRows
{
    /// <summary>y += factor x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddScaled(float* x, float factor, int channels, float* y)
    {
        var c = 0;
        for (; c + 8 <= channels; c += 8) AddLane<WideLane>(x + c, factor, y + c);
        for (; c < channels; c++) AddLane<FloatLane>(x + c, factor, y + c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddLane<T>(float* x, float factor, float* y)
        where T : unmanaged, ILane<T>, ILaneMemory<T, float> =>
        T.Store(y, T.MultiplyAdd(T.Load(x), T.Of(factor), T.Load(y)));
}
