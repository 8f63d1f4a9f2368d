using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
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
public static unsafe partial class Dropout
{
    /// <summary>y = x/(1-P) where the stream's number is at least P, else 0; its own gradient.</summary>
    public static readonly Kernel<DropoutArgs> Forward = new Kernel<DropoutArgs>("dropout")
        .OnCpu(DType.Float32, Simd)
        .OnCpu(DType.Float64, Reference)
        .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Run)
        .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Run)
        .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Run);

    private static void Simd(CpuDevice device, DropoutArgs args) =>
        RandomBlocks.ForBlocks(device, args.State, args.Y.Count, (position, skip, start, count) =>
        {
            var words = stackalloc uint[RandomBlocks.Size];
            RandomBlocks.Fill(args.State, position, words);
            Block(words + skip, args.X.F32 + start, args.Y.F32 + start, count, args.P);
        });

    // A number is a multiple of 2⁻²⁴, hence at least P exactly when its word is at least the next multiple of P.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block(uint* words, float* x, float* y, int count, double p)
    {
        var least = (int)Math.Ceiling(p / Uniform.ToUnit);
        var scale = (float)(1 / (1 - p));
        var i = 0;
        for (; i <= count - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            var keep = Vector256.GreaterThanOrEqual(
                (Vector256.Load(words + i) >> 8).AsInt32(), Vector256.Create(least));
            (keep.AsSingle() & (Vector256.Load(x + i) * scale)).Store(y + i);
        }
        for (; i < count; i++) y[i] = (words[i] >> 8) >= (uint)least ? x[i] * scale : 0;
    }

    private static void Reference(CpuDevice device, DropoutArgs args)
    {
        for (long i = 0; i < args.Y.Count; i++)
        {
            var word = Philox.Word(args.State with { Offset = args.State.Offset + (ulong)i });
            args.Y.F64[i] = (word >> 8) * Uniform.ToUnit >= args.P ? args.X.F64[i] / (1 - args.P) : 0;
        }
    }
}
