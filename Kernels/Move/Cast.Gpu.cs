using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class Cast
{
    private static void FromGpu<T, TNumber>(GpuDevice device, CastArgs args)
        where T : unmanaged where TNumber : struct, IGpuNumber<T>
    {
        switch (args.Y.DType)
        {
            case DType.Float32: Run<float, SingleNumber>(); break;
            case DType.Float64: Run<double, DoubleNumber>(); break;
            case DType.Float16: Run<ushort, HalfNumber>(); break;
            case DType.BFloat16: Run<ushort, BFloatNumber>(); break;
            case DType.Int64: Run<long, LongNumber>(); break;
            case DType.Int32: Run<int, IntNumber>(); break;
            case DType.UInt8: Run<byte, ByteNumber>(); break;
            case DType.Bool: Run<byte, BoolNumber>(); break;
        }

        void Run<TTo, TToNumber>() where TTo : unmanaged where TToNumber : struct, IGpuNumber<TTo> =>
            Gpu<T, TNumber, TTo, TToNumber>.Kernel.LaunchFor(device, args.Y.Count,
                new GpuArguments().Put<T>(args.X).Put<TTo>(args.Y));
    }

    private static class Gpu<T, TNumber, TTo, TToNumber>
        where T : unmanaged where TNumber : struct, IGpuNumber<T>
        where TTo : unmanaged where TToNumber : struct, IGpuNumber<TTo>
    {
        public static readonly GpuKernel Kernel = new(Convert);

        private static void Convert(ArrayView<T> x, ArrayView<TTo> y)
        {
            var i = GpuThread.Index;
            if (i >= y.Length) return;
            y[i] = TNumber.IsWhole ? TToNumber.FromLong(TNumber.ToLong(x[i]))
                : TToNumber.FromDouble(TNumber.ToDouble(x[i]));
        }
    }
}
