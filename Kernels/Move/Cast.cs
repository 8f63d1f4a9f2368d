using System.Numerics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Changes the type of equally many contiguous elements.</summary>
public readonly record struct CastArgs(View X, View Y);

/// <summary>Conversions between element types: to a narrower float rounds to nearest even, a float to an integer
/// truncates and saturates (NaN becomes 0), anything to bool is "is not zero".</summary>
public static unsafe class Cast
{
    /// <summary>y = x in the type of y; runs under the type of x.</summary>
    public static readonly Kernel<CastArgs> Forward = new Kernel<CastArgs>("cast")
        .OnCpu(DType.Float32, From<float>).OnCpu(DType.Float64, From<double>)
        .OnCpu(DType.Float16, From<Half>).OnCpu(DType.BFloat16, FromBFloat16)
        .OnCpu(DType.Int64, From<long>).OnCpu(DType.Int32, From<int>)
        .OnCpu(DType.UInt8, From<byte>).OnCpu(DType.Bool, From<byte>);

    private static void From<T>(CpuDevice device, CastArgs args) where T : unmanaged, INumberBase<T> =>
        device.For(Axpy.Chunks(args.X.Count), chunk =>
        {
            var (first, last) = Axpy.Bounds(chunk, args.X.Count);
            To(args.X.As<T>(), args.Y, first, last);
        });

    private static void To<T>(T* x, View y, long first, long last) where T : unmanaged, INumberBase<T>
    {
        switch (y.DType)
        {
            case DType.Float32: Fill(x, y.As<float>(), first, last); break;
            case DType.Float64: Fill(x, y.As<double>(), first, last); break;
            case DType.Float16: Fill(x, y.As<Half>(), first, last); break;
            case DType.Int64: Fill(x, y.As<long>(), first, last); break;
            case DType.Int32: Fill(x, y.As<int>(), first, last); break;
            case DType.UInt8: Fill(x, y.As<byte>(), first, last); break;
            case DType.BFloat16:
                for (var i = first; i < last; i++) y.As<BFloat16>()[i] = (BFloat16)float.CreateSaturating(x[i]);
                break;
            case DType.Bool:
                for (var i = first; i < last; i++) y.As<byte>()[i] = T.IsZero(x[i]) ? (byte)0 : (byte)1;
                break;
        }
    }

    private static void Fill<TX, TY>(TX* x, TY* y, long first, long last)
        where TX : unmanaged, INumberBase<TX> where TY : unmanaged, INumberBase<TY>
    {
        for (var i = first; i < last; i++) y[i] = TY.CreateSaturating(x[i]);
    }

    private static void FromBFloat16(CpuDevice device, CastArgs args) =>
        device.For(Axpy.Chunks(args.X.Count), chunk =>
        {
            var (first, last) = Axpy.Bounds(chunk, args.X.Count);
            var buffer = stackalloc float[1];
            for (var i = first; i < last; i++)
            {
                *buffer = args.X.As<BFloat16>()[i];
                var one = new View(args.Y.Address + (nint)(i * args.Y.DType.Size()), 1, args.Y.DType);
                To(buffer, one, 0, 1);
            }
        });
}
