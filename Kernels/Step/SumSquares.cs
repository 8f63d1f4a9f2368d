using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>y = sum of x^2; y is a single <see cref="DType.Float64"/> whatever the type of x.</summary>
public readonly record struct SumSquaresArgs(View X, View Y);

/// <summary>The square of an array's length, added up in float64 in an order that only the array's size decides.
/// </summary>
public static unsafe partial class SumSquares
{
    /// <summary>y = sum of x^2; runs under the type of x.</summary>
    public static readonly Kernel<SumSquaresArgs> Kernel = new Kernel<SumSquaresArgs>("sum_squares")
        .OnCpu(DType.Float32, Single)
        .OnCpu(DType.Float64, Reference)
        .OnGpu(DType.Float32, SingleGpu);

    /// <summary>The same on many arrays, to the same bits; on GPUs only, in two launches. The results lie side by side.
    /// </summary>
    public static readonly Kernel<Many<SumSquaresArgs>> Together =
        new Kernel<Many<SumSquaresArgs>>("sum_squares.together").OnGpu(DType.Float32, TogetherGpu);

    private static void Single(CpuDevice device, SumSquaresArgs args)
    {
        var chunks = Axpy.Chunks(args.X.Count);
        using var scratch = new Scratch(device, chunks * sizeof(double));
        var partial = scratch.F64;
        device.For(chunks, chunk =>
        {
            var (first, last) = Axpy.Bounds(chunk, args.X.Count);
            var x = args.X.F32;
            Vector256<double> even = default, odd = default;
            var i = first;
            for (; i + Lane.Width <= last; i += Lane.Width)
            {
                var (low, high) = Vector256.Widen(Vector256.Load(x + i));
                even = Vector256.MultiplyAddEstimate(low, low, even);
                odd = Vector256.MultiplyAddEstimate(high, high, odd);
            }
            var sum = Vector256.Sum(even + odd);
            for (; i < last; i++) sum += (double)x[i] * x[i];
            partial[chunk] = sum;
        });
        double total = 0;
        for (var i = 0; i < chunks; i++) total += partial[i];
        *args.Y.F64 = total;
    }

    private static void Reference(CpuDevice device, SumSquaresArgs args)
    {
        double total = 0;
        for (long i = 0; i < args.X.Count; i++) total += args.X.F64[i] * args.X.F64[i];
        *args.Y.F64 = total;
    }
}
