using System.Numerics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Evenly distributed numbers.</summary>
public static unsafe partial class Uniform
{
    internal const double ToUnit = 1.0 / (1 << 24);

    /// <summary>y in [A, B): A + (B - A)·u with u of 24 bits, one word of the stream an element.</summary>
    public static readonly Kernel<RandomArgs> Forward = new Kernel<RandomArgs>("uniform")
        .OnCpu(DType.Float32, Run<float>)
        .OnCpu(DType.Float64, Run<double>)
        .OnGpu(DType.Float32, RunGpu);

    private static void Run<T>(CpuDevice device, RandomArgs args) where T : unmanaged, IFloatingPoint<T> =>
        RandomBlocks.ForBlocks(device, args.State, args.Y.Count, (position, skip, start, count) =>
        {
            var words = stackalloc uint[RandomBlocks.Size];
            RandomBlocks.Fill(args.State, position, words);
            var y = args.Y.As<T>() + start;
            for (var i = 0; i < count; i++)
                y[i] = T.CreateTruncating(args.A + ((args.B - args.A) * ((words[skip + i] >> 8) * ToUnit)));
        });
}
