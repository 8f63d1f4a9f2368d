using System.Numerics;
using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class WholeFold<TFormula>
{
    private static void RunGpu<T>(GpuDevice device, FoldArgs args) where T : unmanaged, IBinaryInteger<T>
    {
        switch (args.Y.DType)
        {
            case DType.Int64: Run<long, LongNumber>(); break;
            case DType.Int32: Run<int, IntNumber>(); break;
            default: Run<byte, WrappedByte>(); break;
        }

        void Run<TTo, TToNumber>() where TTo : unmanaged where TToNumber : struct, IGpuNumber<TTo>
        {
            var arguments = new GpuArguments().Put<T>(args.X).Put<TTo>(args.Y).Put(args.Length).Put(args.Inner);
            if (typeof(T) == typeof(long))
                Gpu<long, LongNumber, TTo, TToNumber>.Kernel.LaunchFor(device, args.Y.Count, arguments);
            else if (typeof(T) == typeof(int))
                Gpu<int, IntNumber, TTo, TToNumber>.Kernel.LaunchFor(device, args.Y.Count, arguments);
            else Gpu<byte, ByteNumber, TTo, TToNumber>.Kernel.LaunchFor(device, args.Y.Count, arguments);
        }
    }

    // Overflow wraps around.
    private readonly struct WrappedByte : IGpuNumber<byte>
    {
        public static bool IsWhole => true;

        public static long ToLong(byte stored) => stored;

        public static double ToDouble(byte stored) => stored;

        public static byte FromDouble(double value) => (byte)(long)value;

        public static byte FromLong(long value) => (byte)value;
    }

    private static class Gpu<T, TNumber, TTo, TToNumber>
        where T : unmanaged where TNumber : struct, IGpuNumber<T>
        where TTo : unmanaged where TToNumber : struct, IGpuNumber<TTo>
    {
        public static readonly GpuKernel Kernel = new(Fold);

        private static void Fold(ArrayView<T> x, ArrayView<TTo> y, long length, long inner)
        {
            var result = GpuThread.Index;
            if (result >= y.Length) return;
            long o = result / inner, i = result - o * inner;
            var sofar = TFormula.WholeStart;
            for (long n = 0; n < length; n++)
                sofar = TFormula.WholeStep(sofar, TNumber.ToLong(x[(o * length + n) * inner + i]));
            y[result] = TToNumber.FromLong(sofar);
        }
    }
}
