using System.Numerics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Folds the middle axis of an array of integers or truth values.</summary>
/// <typeparam name="TFormula">What becomes of the numbers.</typeparam>
public static unsafe partial class WholeFold<TFormula> where TFormula : struct, IWholeFold
{
    /// <summary>y = fold of x over the middle axis, in 64 bits; y is Int64 or of the type of x, which names the body.
    /// </summary>
    public static readonly Kernel<FoldArgs> Forward = new Kernel<FoldArgs>(TFormula.Name + ".whole")
        .OnCpu(DType.Int64, Run<long>).OnCpu(DType.Int32, Run<int>)
        .OnCpu(DType.UInt8, Run<byte>).OnCpu(DType.Bool, Run<byte>)
        .OnGpu(DType.Int64, RunGpu<long>).OnGpu(DType.Int32, RunGpu<int>)
        .OnGpu(DType.UInt8, RunGpu<byte>).OnGpu(DType.Bool, RunGpu<byte>);

    private static void Run<T>(CpuDevice device, FoldArgs args) where T : unmanaged, IBinaryInteger<T>
    {
        var wide = args.Y.DType == DType.Int64;
        device.ForChunks(args.Outer * args.Inner, Chunks.Size / Math.Max(1, args.Length), (first, last) =>
        {
            for (var at = first; at < last; at++)
            {
                var (o, i) = Math.DivRem(at, args.Inner);
                var x = args.X.As<T>() + (o * args.Length * args.Inner) + i;
                var sofar = TFormula.WholeStart;
                for (long n = 0; n < args.Length; n++)
                    sofar = TFormula.WholeStep(sofar, long.CreateTruncating(x[n * args.Inner]));
                if (wide) args.Y.I64[at] = sofar;
                else args.Y.As<T>()[at] = T.CreateTruncating(sofar);
            }
        });
    }
}
