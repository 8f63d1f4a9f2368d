using System.Numerics;
using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Asks any question about pairs of numbers, with broadcasting; the answers are Bool.</summary>
/// <typeparam name="TFormula">The question.</typeparam>
public static unsafe partial class CompareMap<TFormula> where TFormula : struct, ICompare
{
    /// <summary>y = 1 where the answer is yes; runs under the type of a and b.</summary>
    public static readonly Kernel<BinaryMapArgs<TFormula>> Forward =
        new Kernel<BinaryMapArgs<TFormula>>(TFormula.Name)
            .OnCpu(DType.Float32, Run<float>).OnCpu(DType.Float64, Run<double>)
            .OnCpu(DType.Int64, Run<long>).OnCpu(DType.Int32, Run<int>)
            .OnCpu(DType.UInt8, Run<byte>).OnCpu(DType.Bool, Run<byte>)
            .OnGpu(DType.Float32, RunGpu<float>)
            .OnGpu(DType.Float64, RunGpu<double>)
            .OnGpu(DType.Int64, RunGpu<long>)
            .OnGpu(DType.Int32, RunGpu<int>)
            .OnGpu(DType.UInt8, RunGpu<byte>)
            .OnGpu(DType.Bool, RunGpu<byte>);

    private static void Run<T>(CpuDevice device, BinaryMapArgs<TFormula> args) where T : unmanaged, INumber<T> =>
        device.ForRows(args.Plan, (a, b, _, y, count) => Row(args.Formula, args.A.As<T>() + a, args.B.As<T>() + b,
            args.Y.As<byte>() + y, args.Plan.RowSteps.A, args.Plan.RowSteps.B, count));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<T>(TFormula formula, T* a, T* b, byte* y, long stepA, long stepB, long count)
        where T : unmanaged, INumber<T>
    {
        for (long i = 0; i < count; i++) y[i] = formula.Test(a[i * stepA], b[i * stepB]) ? (byte)1 : (byte)0;
    }
}
