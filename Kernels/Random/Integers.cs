using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Evenly distributed integers.</summary>
public static unsafe partial class Integers
{
    /// <summary>y in [A, B), two words of the stream an element: the upper half of a 64-bit number times B - A.
    /// </summary>
    public static readonly Kernel<RandomArgs> Forward = new Kernel<RandomArgs>("integers")
        .OnCpu(DType.Int64, Run)
        .OnGpu(DType.Int64, RunGpu);

    private static void Run(CpuDevice device, RandomArgs args)
    {
        var (low, range) = ((long)args.A, (ulong)((long)args.B - (long)args.A));
        device.ForChunks(args.Y.Count, (first, last) =>
        {
            for (var i = first; i < last; i++)
            {
                var at = args.State with { Offset = args.State.Offset + (ulong)(2 * i) };
                var bits = Philox.Word(at) | ((ulong)Philox.Word(at with { Offset = at.Offset + 1 }) << 32);
                args.Y.I64[i] = low + (long)Math.BigMul(bits, range, out _);
            }
        });
    }
}
