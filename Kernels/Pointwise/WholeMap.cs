using System.Numerics;
using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Runs any formula of two integers, with broadcasting; truth values are integers of 0 and 1.</summary>
/// <typeparam name="TFormula">The formula.</typeparam>
public static unsafe partial class WholeMap<TFormula> where TFormula : struct, IWholeBinary
{
    /// <summary>y = f(a, b).</summary>
    public static readonly Kernel<BinaryMapArgs<TFormula>> Forward =
        new Kernel<BinaryMapArgs<TFormula>>(TFormula.Name + ".whole")
            .OnCpu(DType.Int64, Run<long>).OnCpu(DType.Int32, Run<int>)
            .OnCpu(DType.UInt8, Run<byte>).OnCpu(DType.Bool, Run<byte>)
            .OnGpu(DType.Int64, RunGpu<long>)
            .OnGpu(DType.Int32, RunGpu<int>)
            .OnGpu(DType.UInt8, RunGpu<byte>)
            .OnGpu(DType.Bool, RunGpu<byte>);

    private static void Run<T>(CpuDevice device, BinaryMapArgs<TFormula> args) where T : unmanaged, IBinaryInteger<T> =>
        device.ForRows(args.Plan, (a, b, _, y, count) => Row(args.Formula, args.A.As<T>() + a, args.B.As<T>() + b,
            args.Y.As<T>() + y, args.Plan.RowSteps.A, args.Plan.RowSteps.B, count));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<T>(TFormula formula, T* a, T* b, T* y, long stepA, long stepB, long count)
        where T : unmanaged, IBinaryInteger<T>
    {
        for (long i = 0; i < count; i++) y[i] = formula.Whole(a[i * stepA], b[i * stepB]);
    }
}
