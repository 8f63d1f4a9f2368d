using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Normally distributed numbers (Box and Muller 1958): words 2k and 2k+1 of the stream make the elements at
/// these two positions, √(-2 ln u)·cos 2πv and √(-2 ln u)·sin 2πv.</summary>
public static unsafe partial class Normal
{
    private const int Pairs = RandomBlocks.Size / 2;
    private const float ToUnit32 = 1f / 4294967296f;

    /// <summary>y = A + B·normal, one word of the stream an element.</summary>
    public static readonly Kernel<RandomArgs> Forward = new Kernel<RandomArgs>("normal")
        .OnCpu(DType.Float32, Simd)
        .OnCpu(DType.Float64, Reference)
        .OnGpu(DType.Float32, RunGpu);

    // u in (0, 1] keeps the logarithm finite. 32 bits, rounded to float, give tails up to 6.7 standard deviations.
    private static float U(uint word) => (word + 1f) * ToUnit32;

    private static float V(uint word) => (float)((word >> 8) * Uniform.ToUnit);

    private static void Simd(CpuDevice device, RandomArgs args) =>
        RandomBlocks.ForBlocks(device, args.State, args.Y.Count, (position, skip, start, count) =>
        {
            var words = stackalloc uint[RandomBlocks.Size];
            RandomBlocks.Fill(args.State, position, words);
            var block = stackalloc float[RandomBlocks.Size];
            Block(words, block, (float)args.A, (float)args.B);
            Buffer.MemoryCopy(block + skip, args.Y.F32 + start, count * sizeof(float), count * sizeof(float));
        });

    private static void Block(uint* words, float* block, float mean, float deviation)
    {
        var u = stackalloc float[Pairs];
        var v = stackalloc float[Pairs];
        for (var i = 0; i < Pairs; i++) (u[i], v[i]) = (U(words[2 * i]), V(words[(2 * i) + 1]));
        Radii(u, deviation);
        Turn(u, v, mean);
        for (var i = 0; i < Pairs; i++) (block[2 * i], block[(2 * i) + 1]) = (u[i], v[i]);
    }

    // The logarithm and the sinusoids in methods of their own: together, where lanes are made of halves, they are more
    // than the runtime inlines into one.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Radii(float* u, float deviation)
    {
        for (var i = 0; i < Pairs; i += WideLane.Width)
            WideLane.Store(u + i, WideLane.Of(deviation)
                * WideLane.Sqrt(WideLane.Of(-2) * LaneMath.Log(WideLane.Load(u + i))));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Turn(float* radius, float* v, float mean)
    {
        for (var i = 0; i < Pairs; i += WideLane.Width)
        {
            var length = WideLane.Load(radius + i);
            var (sin, cos) = LaneMath.SinCosTurns(WideLane.Load(v + i));
            WideLane.Store(radius + i, WideLane.MultiplyAdd(length, cos, WideLane.Of(mean)));
            WideLane.Store(v + i, WideLane.MultiplyAdd(length, sin, WideLane.Of(mean)));
        }
    }

    private static void Reference(CpuDevice device, RandomArgs args)
    {
        for (long i = 0; i < args.Y.Count; i++)
        {
            var at = args.State.Offset + (ulong)i;
            var radius = Math.Sqrt(-2 * Math.Log(U(Philox.Word(args.State with { Offset = at & ~1ul }))));
            var angle = 2 * Math.PI * V(Philox.Word(args.State with { Offset = at | 1 }));
            args.Y.F64[i] = args.A + (args.B * radius * ((at & 1) == 0 ? Math.Cos(angle) : Math.Sin(angle)));
        }
    }
}
