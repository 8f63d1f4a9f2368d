using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class Cast
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    [MethodImpl(Hot)]
    private static void Widen(Half* x, float* y, long count)
    {
        long i = 0;
        for (; i <= count - Vector256<float>.Count; i += Vector256<float>.Count) HalfLane.Load(x + i).Store(y + i);
        for (; i < count; i++) y[i] = (float)x[i];
    }

    [MethodImpl(Hot)]
    private static void Widen(BFloat16* x, float* y, long count)
    {
        long i = 0;
        for (; i <= count - Vector256<float>.Count; i += Vector256<float>.Count) HalfLane.Load(x + i).Store(y + i);
        for (; i < count; i++) y[i] = x[i];
    }

    [MethodImpl(Hot)]
    private static void Narrow(float* x, Half* y, long count)
    {
        long i = 0;
        for (; i <= count - Vector256<float>.Count; i += Vector256<float>.Count)
            HalfLane.Store(y + i, Vector256.Load(x + i));
        for (; i < count; i++) y[i] = (Half)x[i];
    }

    [MethodImpl(Hot)]
    private static void Narrow(float* x, BFloat16* y, long count)
    {
        long i = 0;
        for (; i <= count - Vector256<float>.Count; i += Vector256<float>.Count)
            HalfLane.Store(y + i, Vector256.Load(x + i));
        for (; i < count; i++) y[i] = (BFloat16)x[i];
    }
}
