using System.Numerics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>What <see cref="Dropout"/> is run on.</summary>
/// <param name="State">Where in which stream the first element's number is; the same in backward, so that no mask needs
/// to be kept.</param>
/// <param name="X">Input (backward: gradient of the output).</param>
/// <param name="Y">Output (backward: gradient of the input).</param>
/// <param name="P">Probability of a zero, below 1.</param>
public readonly record struct DropoutArgs(GeneratorState State, View X, View Y, double P);

/// <summary>Sets elements to zero at random and scales up the rest (Srivastava et al. 2014).</summary>
public static unsafe class Dropout
{
    /// <summary>y = x/(1-P) where the stream's number is at least P, else 0; its own gradient.</summary>
    public static readonly Kernel<DropoutArgs> Forward = new Kernel<DropoutArgs>("dropout")
        .OnCpu(DType.Float32, Run<float>)
        .OnCpu(DType.Float64, Run<double>);

    private static void Run<T>(CpuDevice device, DropoutArgs args) where T : unmanaged, IFloatingPoint<T>
    {
        var scale = T.CreateTruncating(1 / (1 - args.P));
        RandomBlocks.ForBlocks(device, args.State, args.Y.Count, (position, skip, start, count) =>
        {
            var words = stackalloc uint[RandomBlocks.Size];
            RandomBlocks.Fill(args.State, position, words);
            T* x = args.X.As<T>() + start, y = args.Y.As<T>() + start;
            for (var i = 0; i < count; i++)
                y[i] = (words[skip + i] >> 8) * Uniform.ToUnit >= args.P ? x[i] * scale : T.Zero;
        });
    }
}
