using System.Numerics;
using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>What <see cref="Pick{TFormula}"/> is run on.</summary>
/// <param name="X">Input [Outer, Length, Inner], contiguous.</param>
/// <param name="Values">Receives the winners [Outer, Inner]; may be absent.</param>
/// <param name="Indices">Receives their Int64 places along the middle axis [Outer, Inner].</param>
/// <param name="Outer">Number of slabs.</param>
/// <param name="Length">Candidates for each place, at least 1.</param>
/// <param name="Inner">Distance of the candidates.</param>
public readonly record struct PickArgs(View X, View Values, View Indices, long Outer, long Length, long Inner);

/// <summary>Finds the winner along the middle axis of an array, and where it is.</summary>
/// <typeparam name="TFormula">Who wins.</typeparam>
public static unsafe partial class Pick<TFormula> where TFormula : struct, IPick
{
    private const int Strip = 256;

    /// <summary>Winners and their places; runs under the type of x.</summary>
    public static readonly Kernel<PickArgs> Forward = new Kernel<PickArgs>(TFormula.Name)
        .OnCpu(DType.Float32, Run<float>).OnCpu(DType.Float64, Run<double>)
        .OnCpu(DType.Int64, Run<long>).OnCpu(DType.Int32, Run<int>)
        .OnCpu(DType.UInt8, Run<byte>).OnCpu(DType.Bool, Run<byte>)
        .OnGpu(DType.Float32, RunGpu<float>).OnGpu(DType.Float64, RunGpu<double>)
        .OnGpu(DType.Int64, RunGpu<long>).OnGpu(DType.Int32, RunGpu<int>)
        .OnGpu(DType.UInt8, RunGpu<byte>).OnGpu(DType.Bool, RunGpu<byte>);

    // Items are strips of neighbouring places, so that the candidates of a strip are read as they lie in memory.
    private static void Run<T>(CpuDevice device, PickArgs args) where T : unmanaged, INumber<T>
    {
        var strips = (args.Inner + Strip - 1) / Strip;
        var cost = args.Length * Math.Min(Strip, Math.Max(1, args.Inner));
        device.ForChunks(args.Outer * strips, Chunks.Size / cost, (first, last) =>
        {
            for (var item = first; item < last; item++)
            {
                var (o, strip) = Math.DivRem(item, strips);
                var column = strip * Strip;
                Winners(args.X.As<T>() + (o * args.Length * args.Inner) + column, args,
                    (o * args.Inner) + column, (int)Math.Min(Strip, args.Inner - column));
            }
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Winners<T>(T* x, PickArgs args, long at, int width) where T : unmanaged, INumber<T>
    {
        var best = stackalloc T[Strip];
        var places = args.Indices.I64 + at;
        for (var i = 0; i < width; i++) (best[i], places[i]) = (x[i], 0);
        for (long n = 1; n < args.Length; n++)
        {
            var row = x + (n * args.Inner);
            for (var i = 0; i < width; i++)
                if (TFormula.Beats(row[i], best[i])) (best[i], places[i]) = (row[i], n);
        }
        if (!args.Values.Exists) return;
        for (var i = 0; i < width; i++) args.Values.As<T>()[at + i] = best[i];
    }
}
