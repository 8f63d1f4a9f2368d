using System.Numerics;
using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Changes the type of equally many contiguous elements.</summary>
/// <param name="X">Source.</param>
/// <param name="Y">Destination of another type.</param>
public readonly record struct CastArgs(View X, View Y);

/// <summary>Conversions between element types: to a narrower float rounds to nearest even, a float to an integer
/// truncates and saturates (NaN becomes 0), anything to bool is "is not zero".</summary>
public static unsafe partial class Cast
{
    /// <summary>y = x in the type of y; runs under the type of x.</summary>
    public static readonly Kernel<CastArgs> Forward = new Kernel<CastArgs>("cast")
        .OnCpu(DType.Float32, From<float>).OnCpu(DType.Float64, From<double>)
        .OnCpu(DType.Float16, From<Half>).OnCpu(DType.BFloat16, FromBFloat16)
        .OnCpu(DType.Int64, From<long>).OnCpu(DType.Int32, From<int>)
        .OnCpu(DType.UInt8, From<byte>).OnCpu(DType.Bool, From<byte>)
        .OnGpu(DType.Float32, FromGpu<float, SingleNumber>).OnGpu(DType.Float64, FromGpu<double, DoubleNumber>)
        .OnGpu(DType.Float16, FromGpu<ushort, HalfNumber>).OnGpu(DType.BFloat16, FromGpu<ushort, BFloatNumber>)
        .OnGpu(DType.Int64, FromGpu<long, LongNumber>).OnGpu(DType.Int32, FromGpu<int, IntNumber>)
        .OnGpu(DType.UInt8, FromGpu<byte, ByteNumber>).OnGpu(DType.Bool, FromGpu<byte, BoolNumber>);

    private static void From<T>(CpuDevice device, CastArgs args) where T : unmanaged, INumberBase<T> =>
        device.ForChunks(args.X.Count, (first, last) =>
        {
            var x = args.X.As<T>() + first;
            var count = last - first;
            if (typeof(T) == typeof(Half) && args.Y.DType == DType.Float32)
                Widen((Half*)x, args.Y.F32 + first, count);
            else if (typeof(T) == typeof(float) && args.Y.DType == DType.Float16)
                Narrow((float*)x, args.Y.As<Half>() + first, count);
            else if (typeof(T) == typeof(float) && args.Y.DType == DType.BFloat16)
                Narrow((float*)x, args.Y.As<BFloat16>() + first, count);
            else To(x, args.Y, first, count);
        });

    // By way of float, which holds every bfloat16.
    private static void FromBFloat16(CpuDevice device, CastArgs args) =>
        device.ForChunks(args.X.Count, (first, last) =>
        {
            const int piece = 512;
            var single = stackalloc float[piece];
            for (var at = first; at < last; at += piece)
            {
                var count = Math.Min(piece, last - at);
                var target = args.Y.DType == DType.Float32 ? args.Y.F32 + at : single;
                Widen(args.X.As<BFloat16>() + at, target, count);
                if (target == single) To(single, args.Y, at, count);
            }
        });

    private static void To<T>(T* x, View y, long at, long count) where T : unmanaged, INumberBase<T>
    {
        switch (y.DType)
        {
            case DType.Float32: Convert(x, y.As<float>() + at, count); break;
            case DType.Float64: Convert(x, y.As<double>() + at, count); break;
            case DType.Float16: Convert(x, y.As<Half>() + at, count); break;
            case DType.Int64: Convert(x, y.As<long>() + at, count); break;
            case DType.Int32: Convert(x, y.As<int>() + at, count); break;
            case DType.UInt8: Convert(x, y.As<byte>() + at, count); break;
            case DType.BFloat16:
                for (long i = 0; i < count; i++) y.As<BFloat16>()[at + i] = (BFloat16)float.CreateSaturating(x[i]);
                break;
            case DType.Bool:
                for (long i = 0; i < count; i++) y.As<byte>()[at + i] = T.IsZero(x[i]) ? (byte)0 : (byte)1;
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Convert<TX, TY>(TX* x, TY* y, long count)
        where TX : unmanaged, INumberBase<TX> where TY : unmanaged, INumberBase<TY>
    {
        for (long i = 0; i < count; i++) y[i] = TY.CreateSaturating(x[i]);
    }
}
